import type { StepGraph } from "../plans/step-graph.ts";

/** That a step makes use of another, by their places. */
export interface Use {
  readonly by: number;
  readonly of: number;
}

/**
 * Those uses whose `of` is not among what `by` depends on, directly or by others; one with dependencies that can't be
 * told may depend on anything. 32 of the steps in question go at a time, a bit each: to keep for each of 10,000 steps
 * which ones are before it would take 10,000 times as much.
 */
export function notUpstream<Used extends Use>(uses: readonly Used[], graph: StepGraph): Used[] {
  const inQuestion = [...Map.groupBy(uses, ({ by }) => by)].flatMap(([by, itsUses]) => {
    const direct = new Set(graph.dependencies[by]);
    return itsUses.filter(({ of }) => !direct.has(of));
  });
  const byUsed = [...Map.groupBy(inQuestion, ({ of }) => of)];
  const missing = new Set<Used>();
  for (let start = 0; start < byUsed.length; start += 32) {
    const block = byUsed.slice(start, start + 32);
    const bits = new Map(block.map(([of], index) => [of, 1 << index]));
    const before = bitsBefore(bits, graph);
    for (const use of block.flatMap(([, usesOfIt]) => usesOfIt)) {
      if (((before[use.by] ?? 0) & (bits.get(use.of) ?? 0)) === 0) missing.add(use);
    }
  }
  return uses.filter((use) => missing.has(use));
}

/** For each step the bits of those that it depends on; in a circle each depends on all. */
function bitsBefore(bits: ReadonlyMap<number, number>, { dependencies, hasUnknown, groups }: StepGraph): Int32Array {
  const own = new Int32Array(dependencies.length);
  for (const [step, bit] of bits) own[step] = bit;
  const before = new Int32Array(dependencies.length);
  for (const group of groups) {
    let sum = 0;
    for (const step of group) {
      for (const next of dependencies[step] ?? []) sum |= (before[next] ?? 0) | (own[next] ?? 0);
      if (hasUnknown[step] === true) sum = -1;
    }
    for (const step of group) before[step] = sum;
  }
  return before;
}
