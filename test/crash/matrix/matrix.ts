import type { Spares } from "../workers/spares.ts";
import { nameOf, type Point } from "./boundaries.ts";
import { inLanes, type Lane } from "./lane.ts";
import { makePlan, noteRun, type Plan, uncovered } from "./plan.ts";
import { type PointRun, runPoint } from "./run-point.ts";
import type { AnyWay } from "./subject.ts";

export interface MatrixOptions {
  readonly lanes: readonly Lane[];
  readonly spares: Spares;
  readonly ways: readonly AnyWay[];
  /** Whether each way is tried from its start, and not only from where it parts from another. */
  readonly isWhole: boolean;
  /** Which deaths of a way to try; when left out, as many as it takes to have stood for every boundary. */
  readonly choose?: (plan: Plan) => readonly Point[];
  readonly onRun?: (run: PointRun) => void;
  /** Once aborted, nothing more is begun. */
  readonly interrupted?: AbortSignal;
}

interface Death {
  readonly way: AnyWay;
  readonly death: Point | null;
}

/** Carries a change down each way without a death, to learn the boundaries; then again for each death. */
export async function runMatrix(options: MatrixOptions): Promise<Plan[]> {
  const plans = await makePlans(options);
  const deathsIn = (choose: (plan: Plan) => readonly Point[]) =>
    plans.flatMap((plan) => choose(plan).map((death) => ({ way: plan.way, death })));
  if (options.choose !== undefined) {
    await runAll(options, plans, deathsIn(options.choose));
    return plans;
  }
  await runAll(
    options,
    plans,
    deathsIn(({ deaths }) => deaths),
  );
  // What no death stood for by now gets one of its own; and once more, for a boundary may be missed by its timing.
  for (let round = 0; round < 2; round += 1) {
    await runAll(options, plans, deathsIn(uncovered));
  }
  return plans;
}

/** Two runs each, unless a sample will do: what only one of them has passed depends on the timing, and is tried as well. */
async function makePlans(options: MatrixOptions): Promise<Plan[]> {
  const recordings: PointRun[] = [];
  const ways = options.choose === undefined ? [...options.ways, ...options.ways] : options.ways;
  const clean = ways.map((way) => ({ way, death: null }));
  await inLanes(options, clean, async (lane, death) => {
    recordings.push(await runOne(options, lane, death));
  });
  return options.ways.map((way) =>
    makePlan(
      way,
      recordings.filter((run) => run.way === way),
      options.isWhole,
    ),
  );
}

async function runAll(options: MatrixOptions, plans: readonly Plan[], deaths: readonly Death[]): Promise<void> {
  await inLanes(options, deaths, async (lane, { way, death }) => {
    const plan = plans.find((candidate) => candidate.way === way);
    if (plan === undefined || (death !== null && plan.covered.has(nameOf(death)))) return;
    noteRun(plan, await runOne(options, lane, { way, death }));
  });
}

async function runOne({ spares, onRun }: MatrixOptions, lane: Lane, death: Death): Promise<PointRun> {
  const run = await runPoint(lane, spares, death);
  onRun?.(run);
  return run;
}
