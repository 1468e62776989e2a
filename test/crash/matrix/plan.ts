import { whereItParts } from "../ways.ts";
import { momentsOf, nameOf, occurrencesAtMost, type Point } from "./boundaries.ts";
import type { PointRun } from "./run-point.ts";
import { isRunWay } from "./run-subject.ts";
import type { AnyWay } from "./subject.ts";

/** What is known of one way: the boundaries that clean runs of it have, and which of them a death has stood for. */
export interface Plan {
  readonly way: AnyWay;
  /** The boundaries to be tried, by name. */
  readonly points: ReadonlyMap<string, Point>;
  /** How many more there are, before this way parts from another that is tried. */
  readonly shared: number;
  /** The last boundary of each moment. */
  readonly deaths: readonly Point[];
  readonly covered: Set<string>;
  readonly runs: PointRun[];
}

/** Of a boundary that is passed as often as time allows, the fourth pass tells nothing that the third did not. */
export const repeatedAtMost = 3;

/** Each second: how often until a worker's death depends on the machine. */
const bySeconds = /^sql select id from fairlead.release_dead_workers/;

/** A way as a whole, or from where it parts from another one. */
export function makePlan(way: AnyWay, recordings: readonly PointRun[], isWhole: boolean): Plan {
  const repeated = repeatedIn(recordings);
  const atMost = (label: string) =>
    bySeconds.test(label) ? 1 : repeated.has(label) ? repeatedAtMost : occurrencesAtMost;
  const counts = ({ label, occurrence }: Point) => occurrence <= atMost(label);
  const all = namesIn(recordings.flatMap(({ passed }) => passed.filter(counts)));
  const parting = (passed: readonly Point[]) => (isWhole || isRunWay(way) ? 0 : whereItParts(way, passed));
  const own = recordings.map(({ passed }) => passed.slice(parting(passed)));
  const points = namesIn(own.flatMap((passed) => passed.filter(counts)));
  const deaths = momentsOf(own[0] ?? []).flatMap((moment) => moment.filter(counts).at(-1) ?? []);
  return { way, points, shared: all.size - points.size, deaths, covered: new Set(), runs: [...recordings] };
}

/** The boundaries of what polls: passed very often, or in one clean run more often than in another. */
function repeatedIn(recordings: readonly PointRun[]): Set<string> {
  const times = recordings.map(({ passed }) => Map.groupBy(passed, ({ label }) => label));
  const labels = new Set(times.flatMap((byLabel) => [...byLabel.keys()]));
  return new Set(
    [...labels].filter((label) => {
      const counts = times.map((byLabel) => byLabel.get(label)?.length ?? 0);
      return Math.max(...counts) > 2 * occurrencesAtMost || Math.max(...counts) !== Math.min(...counts);
    }),
  );
}

/** Notes a run and what its death stands for: by what this worker passed, not by what an earlier one had. */
export function noteRun(plan: Plan, run: PointRun): void {
  plan.runs.push({ ...run, passed: [] }); // thousands of boundaries each are too many to keep
  if (!run.reached) return;
  for (const point of momentsOf(run.passed).at(-1) ?? []) plan.covered.add(nameOf(point));
}

export function uncovered({ points, covered }: Plan): Point[] {
  return [...points].filter(([name]) => !covered.has(name)).map(([, point]) => point);
}

function namesIn(points: readonly Point[]): Map<string, Point> {
  return new Map(points.map((point) => [nameOf(point), point]));
}
