import fc from "fast-check";
import { expect, test } from "vitest";
import { distance, nearest } from "../../src/domain/texts/nearest.ts";

test.each([
  ["biuld", ["test", "build"], "build"],
  ["dependson", ["id", "depends_on", "name"], "depends_on"],
  ["BUILD", ["build"], "build"],
  ["comand", ["command", "agent"], "command"],
  ["step-1", ["step-22", "step-2"], "step-2"],
  ["lint", ["print", "line", "lint2"], "line"],
])("by %s was meant, of %j, %s", (word, known, meant) => {
  expect(nearest(word, known)).toBe(meant);
});

test.each([
  ["deploy", ["build", "test"]],
  ["a", ["b", "c"]],
  ["x", []],
  ["a".repeat(101), ["a".repeat(100)]],
])("nothing of %j is like %s", (word, known) => {
  expect(nearest(word, known)).toBeNull();
});

test.each([
  ["", "abc", 3],
  ["abc", "abc", 0],
  ["abc", "acb", 1],
  ["kitten", "sitting", 3],
  ["ca", "abc", 3],
])("from %j to %j it is %i", (a, b, mistakes) => {
  expect(distance(a, b)).toBe(mistakes);
  expect(distance(b, a)).toBe(mistakes);
});

test("a limit spares work and changes no answer below it", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });
  fc.assert(
    fc.property(word, word, fc.nat(8), (a, b, limit) => {
      const exact = distance(a, b);
      const found = distance(a, b, limit);
      if (exact <= limit) expect(found).toBe(exact);
      else expect(found).toBeGreaterThan(limit);
    }),
  );
});
