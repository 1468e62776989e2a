import fc from "fast-check";
import { expect, test } from "vitest";
import { findExcess, parseJson } from "../../../src/domain/json/parse-json.ts";
import { findUnstorable } from "../../../src/domain/json/unstorable.ts";

test("what is JSON within the limits is parsed as JSON.parse does, and what is none is told as that", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.json().map((text) => text.slice(1)),
        fc.string(),
      ),
      (text) => {
        let expected: unknown;
        try {
          expected = { value: JSON.parse(text) };
        } catch {
          expected = { problem: expect.stringMatching(/^is not JSON/), at: null };
        }
        expect(parseJson(text)).toEqual(expected);
      },
    ),
  );
});

test.each([
  ["two hundred levels", "[".repeat(200) + "]".repeat(200), null],
  ["one more", "[".repeat(201), { problem: "is nested deeper than 200 levels", at: 200 }],
  ["levels one after the other", `[${"[[]],".repeat(1_000)}0]`, null],
  ["brackets in texts", `"${"[".repeat(5_000)}"`, null],
  ["brackets behind an escaped quote", `["\\"${"[".repeat(5_000)}"]`, null],
  [
    "brackets behind an escaped backslash",
    `["\\\\",${"[".repeat(5_000)}`,
    { problem: "is nested deeper than 200 levels", at: 205 },
  ],
  ["more closed than opened", `]${"[".repeat(5_000)}`, null],
  ["ten thousand fields", `{${'"a":1,'.repeat(9_999)}"b":1}`, null],
  [
    "one field more",
    `{${'"a":1,'.repeat(10_000)}"b":1}`,
    { problem: "has more than 10000 fields in one object", at: 60_004 },
  ],
  ["fields of many objects", `[${'{"a":1},'.repeat(20_000)}0]`, null],
  ["colons in texts", `"${":".repeat(20_000)}"`, null],
  ["a million values", `[${"1,".repeat(999_998)}1]`, null],
  ["more values", `[${"1,".repeat(1_000_000)}1]`, { problem: "has more than 1000000 values in it", at: 1_999_998 }],
] as const)("of %s the excess is where it is", (_what, text, excess) => {
  expect(findExcess(text)).toEqual(excess);
});

test("bytes of UTF-8 that were read as Latin-1 have the same excess", () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: "binary" }), (text) => {
      const many = `${"[".repeat(190)}${text}`;
      expect(findExcess(Buffer.from(many).toString("latin1")) === null).toBe(findExcess(many) === null);
    }),
  );
});

test("what can't be stored is found with its place, and no more of it than is wanted", () => {
  const found = findUnstorable(
    JSON.parse('{"a":["\\u0000",{"b\\ud800":1}],"__proto__":2,"n":[1e999,-1e999,1e308],"fine":"😀"}'),
    { most: 10 },
  );
  expect(found.map(({ place, message }) => [place.join("."), message])).toEqual([
    ["a.0", "has a NUL character in it"],
    ["a.1.b\ud800", "is not well-formed Unicode"],
    ["__proto__", "is no name that a field can have"],
    ["n.0", "is larger than numbers can be"],
    ["n.1", "is larger than numbers can be"],
  ]);
  expect(
    findUnstorable(
      Array.from({ length: 100 }, () => "\0"),
      { most: 3 },
    ),
  ).toHaveLength(3);
  expect(findUnstorable("é".repeat(11), { most: 3, characters: 10 })[0]?.message).toBe("is longer than 10 characters");
});
