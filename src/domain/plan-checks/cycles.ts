import type { PlanSketch } from "../plans/plan-sketch.ts";
import type { StepGraph } from "../plans/step-graph.ts";
import type { Found } from "./found.ts";

/** How many dependencies may be followed to make a circle shorter: all circles of a small plan, one of a huge one. */
const patience = 100_000;

/** Steps that wait for each other, each such group of them once and by the shortest circle that is found soon. */
export function* cycleProblems({ steps }: PlanSketch, { groups, dependencies }: StepGraph): Generator<Found> {
  for (const group of groups.filter(({ length }) => length > 1)) {
    const circle = shortestCircle(group, dependencies);
    const [first = 0, second = 0] = circle;
    const ids = circle.map((place) => steps[place]?.id ?? "");
    const position = steps[first]?.depends_on?.indexOf(steps[second]?.id ?? "") ?? 0;
    yield {
      place: ["steps", first, "depends_on", position],
      message: `these steps wait for each other: ${shown(ids)}`,
      hint: "take one of these dependencies out",
    };
  }
}

/** Begins and ends with the step of the circle that comes first in the file. */
function shortestCircle(group: readonly number[], dependencies: readonly (readonly number[])[]): readonly number[] {
  const members = new Set(group);
  const left = { lookups: patience };
  let best: readonly number[] = [];
  for (const start of group.toSorted((a, b) => a - b)) {
    const circle = circleThrough(start, members, dependencies, left);
    if (best.length === 0 || circle.length < best.length) best = circle;
    if (left.lookups <= 0 || best.length === 3) break;
  }
  const from = best.indexOf(Math.min(...best));
  return from <= 0 ? best : [...best.slice(from), ...best.slice(1, from + 1)];
}

/** The shortest one through a step, by breadth: there is one, for all members of a group reach each other. */
function circleThrough(
  start: number,
  members: ReadonlySet<number>,
  dependencies: readonly (readonly number[])[],
  left: { lookups: number },
): number[] {
  const reachedFrom = new Map<number, number>();
  const queue = [start];
  for (const step of queue) {
    for (const next of dependencies[step] ?? []) {
      left.lookups -= 1;
      if (next === start) return wayBack(start, step, reachedFrom);
      if (!members.has(next) || reachedFrom.has(next)) continue;
      reachedFrom.set(next, step);
      queue.push(next);
    }
  }
  return [];
}

function wayBack(start: number, last: number, reachedFrom: ReadonlyMap<number, number>): number[] {
  const way = [start];
  for (let step: number | undefined = last; step !== undefined; step = reachedFrom.get(step)) way.push(step);
  return way.reverse();
}

/** Of a long circle the beginning and the end. */
function shown(ids: readonly string[]): string {
  const many = ids.length > 12;
  const parts = many ? [...ids.slice(0, 8), `… (${ids.length - 10} more)`, ...ids.slice(-2)] : ids;
  return parts.join(" → ");
}
