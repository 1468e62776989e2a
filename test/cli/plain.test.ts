import fc from "fast-check";
import { expect, test } from "vitest";
import { plain, plainLine, shown } from "../../src/cli/screen/plain.ts";
import { startCpuTimer } from "../support/cpu-time.ts";

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

test.each([
  ["a link", "see \u001b]8;;http://evil.example\u0007here\u001b]8;;\u001b\\ now", "see here now"],
  ["a link in C1", "see \u009d8;;http://evil.example\u009chere", "see here"],
  ["a device string", "a\u001bPq#0;2\u001b\\b", "ab"],
  ["a private message", "a\u001b^x\u001b\\\u001b_y\u009cb", "ab"],
  ["what changes the character set", "a\u001b(0b\u001b)Bc", "abc"],
  ["a sequence that is cut off", "a\u001b[31", "a31"],
  ["a text for the terminal without an end", "a\u001b]0;evil\nb", "a0;evil\nb"],
])("%s is gone", (_what, text, expected) => {
  expect(plain(text)).toBe(expected);
});

test("a sequence hides nothing of the lines after it", () => {
  const text = "+ok \u001b]0;\n+rm -rf /\n+\u0007ok";
  expect(plain(text)).toContain("\n+rm -rf /\n");
});

test("of what a person has to judge nothing is left out", () => {
  expect(shown("a\u001b[8mb\u202ec\u200bd\re\u0085f\u{e0041}g\n\th")).toBe(
    "a<U+001B>[8mb<U+202E>c<U+200B>d<U+000D>e<U+0085>f<U+E0041>g\n\th",
  );
  expect(shown("Grüße 👩\u200d💻 שלום")).toBe("Grüße 👩\u200d💻 שלום");
});

test("a text that is full of escapes is read in one pass", () => {
  for (const part of [
    "\u001b",
    "\u001b]8;;",
    "\u009d",
    "\u001b[",
    "\u001b[1;",
    "\u001b[;;;;",
    "\u001bP",
    "\u009b1;",
    "\u001b (",
  ]) {
    const cpuMs = startCpuTimer();
    plain(part.repeat(1_000_000 / part.length));
    expect(cpuMs(), JSON.stringify(part)).toBeLessThan(500);
  }
});
