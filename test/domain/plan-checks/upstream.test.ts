import fc from "fast-check";
import { expect, test } from "vitest";
import { notUpstream } from "../../../src/domain/plan-checks/upstream.ts";
import { stepGraph } from "../../../src/domain/plans/step-graph.ts";

/** Up to fifty steps with circles among them: more than are looked at in one go. */
const graphs = fc
  .array(fc.uniqueArray(fc.nat(49), { maxLength: 2 }), { minLength: 1, maxLength: 50 })
  .map((lists) =>
    stepGraph(
      lists.map((list, index) => ({ id: `s${index}`, depends_on: list.map((one) => `s${one % lists.length}`) })),
    ),
  );

test("a step is upstream of another if there is a way", () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const all = [...graph.dependencies.keys()];
      const uses = all.flatMap((by) => all.filter((of) => of !== by).map((of) => ({ by, of })));
      const wanted = uses.filter(({ by, of }) => !reachedFrom(by, graph.dependencies).has(of));
      expect(notUpstream(uses, graph)).toEqual(wanted);
    }),
  );
});

test("a step whose dependencies can't be told may depend on any, and so may those behind it", () => {
  const graph = stepGraph([
    { id: "a", depends_on: [] },
    { id: "b", depends_on: ["?"] },
    { id: "c", depends_on: ["b"] },
    { id: "d", depends_on: [] },
  ]);
  const uses = [1, 2, 3].map((by) => ({ by, of: 0 }));
  expect(notUpstream(uses, graph)).toEqual([{ by: 3, of: 0 }]);
});

function reachedFrom(step: number, dependencies: readonly (readonly number[])[]): Set<number> {
  const found = new Set(dependencies[step]);
  for (const one of found) for (const next of dependencies[one] ?? []) found.add(next);
  return found;
}
