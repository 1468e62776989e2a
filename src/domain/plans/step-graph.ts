/** Steps by their places in the file: thousands of them are asked about, and numbers are quick. */
export interface StepGraph {
  /** Where the first step with an id stands. */
  readonly placeOf: ReadonlyMap<string, number>;
  /** For each step the places of those it depends on, each once; that it names itself is left out. */
  readonly dependencies: readonly (readonly number[])[];
  /** For each step whether it has dependencies that can't be told. */
  readonly hasUnknown: readonly boolean[];
  /** All steps, dependencies first. A group of more than one goes in a circle: each depends on each. */
  readonly groups: readonly (readonly number[])[];
}

interface Node {
  readonly id: string | null;
  readonly depends_on: readonly (string | null)[] | null;
}

export function stepGraph(steps: readonly Node[]): StepGraph {
  const placeOf = new Map<string, number>();
  for (const [place, { id }] of steps.entries()) {
    if (id !== null && !placeOf.has(id)) placeOf.set(id, place);
  }
  const named = steps.map(({ depends_on }) => depends_on?.map((id) => placeOf.get(id ?? "") ?? null) ?? [null]);
  const hasUnknown = named.map((places) => places.includes(null));
  const dependencies = named.map((places, own) => {
    return [...new Set(places)].filter((place) => place !== null).filter((place) => place !== own);
  });
  return { placeOf, dependencies, hasUnknown, groups: groupsOf(dependencies) };
}

/** Strongly connected components as Tarjan finds them, but without recursion: 10,000 steps may stand in one line. */
function groupsOf(dependencies: readonly (readonly number[])[]): number[][] {
  const groups: number[][] = [];
  const met = dependencies.map(() => 0); // when each step was met first; 0: not yet
  const lowest = dependencies.map(() => 0); // the earliest met that is reached from it and has no group yet
  const looked = dependencies.map(() => 0); // how many of its dependencies have been followed
  const hasGroup = dependencies.map(() => false);
  const ungrouped: number[] = [];
  let meetings = 0;
  const lower = (step: number, to = 0) => {
    lowest[step] = Math.min(lowest[step] ?? 0, to);
  };
  for (const root of dependencies.keys()) {
    const path = met[root] === 0 ? [root] : [];
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      if (met[step] === 0) {
        meetings += 1;
        met[step] = meetings;
        lowest[step] = meetings;
        ungrouped.push(step);
      }
      const next = dependencies[step]?.[looked[step] ?? 0];
      if (next === undefined) {
        path.pop();
        const before = path.at(-1);
        if (before !== undefined) lower(before, lowest[step]);
        if (lowest[step] !== met[step]) continue;
        const group = ungrouped.splice(ungrouped.lastIndexOf(step));
        for (const member of group) hasGroup[member] = true;
        groups.push(group);
        continue;
      }
      looked[step] = (looked[step] ?? 0) + 1;
      if (met[next] === 0) path.push(next);
      else if (!hasGroup[next]) lower(step, met[next]);
    }
  }
  return groups;
}
