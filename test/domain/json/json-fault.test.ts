import fc from "fast-check";
import { expect, test } from "vitest";
import { findJsonFault } from "../../../src/domain/json/json-fault.ts";

test.each([
  ["", 1, 1, "there is nothing in it"],
  ["{", 1, 2, "it ends before its last }"],
  ['{"a": [1, 2', 1, 12, "it ends before its last ]"],
  ["[1,]", 1, 4, "there is a comma too many before this"],
  ['{\n  "a": 1,\n}', 3, 1, "there is a comma too many before this"],
  ['{"a": 1,, "b": 2}', 1, 9, "the name of a field has to stand here, in double quotes"],
  ["[,1]", 1, 2, "a value is missing here"],
  ['{"a": }', 1, 7, "a value is missing before this"],
  ['{"a" 1}', 1, 6, "a colon is missing before this"],
  ['{"a": 1\n "b": 2}', 2, 2, "a comma is missing before this"],
  ["[1 2]", 1, 4, "a comma is missing before this"],
  ['{"a": [1}', 1, 9, "a ] has to close what is open here"],
  ["{} {}", 1, 4, "there is something behind its end"],
  ["// why\n{}", 1, 1, "JSON has no comments"],
  ["{'a': 1}", 1, 2, "texts stand in double quotes"],
  ["[True]", 1, 2, '"True" is nothing that JSON knows: texts stand in double quotes'],
  ["[01]", 1, 2, '"01" is nothing that JSON knows: texts stand in double quotes'],
  ['["a', 1, 4, "a text has no closing quote"],
  [
    '["a\nb"]',
    1,
    4,
    "a text goes over the end of its line, or has a control character in it: write \\n for a new line",
  ],
  ['["\\d"]', 1, 3, "a backslash stands before nothing that it could escape: write two of them"],
])("%j is no JSON at line %i, column %i: %s", (text, line, column, message) => {
  expect(findJsonFault(text)).toEqual({ line, column, message });
});

test("it finds a fault where JSON.parse does, and only there", () => {
  const piece = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "a",
    "1",
    "-",
    ".",
    "e",
    " ",
    "\n",
    "null",
    '"a"',
  );
  const broken = fc.tuple(fc.json(), piece, fc.nat()).map(([json, put, at]) => {
    const place = at % (json.length + 1);
    return json.slice(0, place) + put + json.slice(place);
  });
  fc.assert(
    fc.property(fc.oneof(fc.json(), broken, fc.string({ unit: piece })), (text) => {
      expect(findJsonFault(text) === null).toBe(isJson(text));
    }),
    { numRuns: 3_000 },
  );
});

test("a text of millions of characters and a nesting of millions are no trouble", () => {
  expect(findJsonFault(`["${"x".repeat(4_000_000)}", ]`)).toMatchObject({ line: 1, column: 4_000_006 });
  expect(findJsonFault("[".repeat(4_000_000))).toMatchObject({ column: 4_000_001 });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
