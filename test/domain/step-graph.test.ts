import fc from "fast-check";
import { expect, test } from "vitest";
import { stepGraph } from "../../src/domain/plans/step-graph.ts";

/** Up to eight steps that depend on any of each other, themselves included. */
const dependencies = fc.array(fc.uniqueArray(fc.nat(7), { maxLength: 3 }), { minLength: 1, maxLength: 8 });

test("steps come after what they depend on, and in one group with those that depend on them as well", () => {
  fc.assert(
    fc.property(dependencies, (lists) => {
      const { groups, dependencies: found } = stepGraph(
        lists.map((list, index) => ({ id: `s${index}`, depends_on: list.map((one) => `s${one}`) })),
      );
      const reach = reachOf(found);
      const groupOf = new Map(groups.flatMap((group, number) => group.map((step) => [step, number] as const)));
      expect([...groupOf.keys()].sort()).toEqual([...lists.keys()]);
      for (const [step, before] of reach.entries()) {
        for (const other of lists.keys()) {
          const isMutual = before.has(other) && reach[other]?.has(step) === true;
          if (step !== other) expect(groupOf.get(step) === groupOf.get(other)).toBe(isMutual);
          if (before.has(other)) expect(groupOf.get(other)).toBeLessThanOrEqual(groupOf.get(step) ?? -1);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("what is not known is told apart from what there is not, and doubled ids mean the first", () => {
  const graph = stepGraph([
    { id: "a", depends_on: ["a", "b", "b"] },
    { id: "b", depends_on: null },
    { id: "b", depends_on: ["zz", "a"] },
    { id: null, depends_on: [null] },
  ]);
  expect([...graph.placeOf]).toEqual([
    ["a", 0],
    ["b", 1],
  ]);
  expect(graph.dependencies).toEqual([[1], [], [0], []]);
  expect(graph.hasUnknown).toEqual([false, true, true, true]);
});

/** For each step all that it depends on, found the slow way. */
function reachOf(dependencies: readonly (readonly number[])[]): Set<number>[] {
  return dependencies.map((own) => {
    const found = new Set(own);
    for (const step of found) for (const next of dependencies[step] ?? []) found.add(next);
    return found;
  });
}
