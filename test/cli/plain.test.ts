import fc from "fast-check";
import { expect, test } from "vitest";
import { plain, plainLine } from "../../src/cli/plain.ts";

test("text keeps its words, lines, tabs, accents and emoji", () => {
  const text = "Grüße\n\tzwei\u00a0Wörter \u{1f469}\u200d\u{1f4bb} שלום";
  expect(plain(text)).toBe(text);
});

test("escapes, titles, cursor movements and marks that reorder text are gone", () => {
  expect(plain("a\u001b[31mb\u001b]0;title\u0007c\u001b[2Jd\u009b1Ae\rf\u202eg\r\nh\u0000")).toBe("abcdefg\nh");
});

test("no text whatever gets a control character onto the screen", () => {
  const nasty = fc.string({
    unit: fc.oneof(fc.constantFrom("\u001b", "[", "]", "\u009b", "m", "\u202e"), fc.string()),
  });
  fc.assert(fc.property(nasty, (text) => !/(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u.test(plain(text))));
  fc.assert(
    fc.property(nasty, fc.integer({ min: 1, max: 80 }), (text, most) => [...plainLine(text, most)].length <= most),
  );
});
