import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { schedule } from "./chaos/schedule.ts";
import type { Point } from "./matrix/boundaries.ts";
import { type Lane, openLane } from "./matrix/lane.ts";
import { runMatrix } from "./matrix/matrix.ts";
import type { PointRun } from "./matrix/run-point.ts";
import { allWays } from "./matrix/subject.ts";
import { failureLines } from "./matrix/tables.ts";
import { removeSeed } from "./sandbox.ts";
import { keepSpares, type Spares } from "./workers/spares.ts";

// A few of the deaths that `npm run crash` tries all of, spread evenly over each way.
const deathsEach = 3;

let lanes: Lane[];
let spares: Spares;
beforeAll(() => {
  lanes = [0, 1, 2].map((number) => openLane(inject("postgres"), number));
  spares = keepSpares(2);
});
afterAll(async () => {
  await spares.close();
  for (const lane of lanes) await lane.close();
  await removeSeed();
});

test("a worker's death leaves its change to another, which brings it to the same end and leaves nothing behind", async () => {
  const runs: PointRun[] = [];
  const plans = await runMatrix({
    lanes,
    spares,
    ways: allWays,
    isWhole: false,
    choose: ({ deaths }) => spread(deaths),
    onRun: (run) => void runs.push(run),
  });
  expect(failureLines(plans)).toEqual([]);
  expect(runs.filter(({ reached }) => reached).length).toBeGreaterThan(allWays.length);
}, 120_000);

test("a seed gives the same schedule of deaths and crashes again, and another seed another", () => {
  const first = (seed: number) => schedule(seed, 3).take(200).toArray();
  expect(first(7)).toEqual(first(7));
  expect(first(7)).not.toEqual(first(8));
  expect(first(7).filter(({ crashes }) => crashes)).toHaveLength(5);
});

function spread(deaths: readonly Point[]): Point[] {
  const step = deaths.length / deathsEach;
  return deaths.filter((_, at) =>
    Array.from({ length: deathsEach }, (_, n) => Math.floor((n + 0.5) * step)).includes(at),
  );
}
