import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Outcome, Plan } from "../../src/domain/plans/plan.ts";
import type { RunId } from "../../src/domain/plans/run.ts";
import { registerPlan } from "../../src/store/runs/plans.ts";
import { cancelRun, findRun, settleBegun, startRun } from "../../src/store/runs/runs.ts";
import { settleAttemptFailed, settleStopped, settleSucceeded } from "../../src/store/runs/steps.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { planOf, step } from "../support/plans.ts";
import { allSteps } from "../support/runs.ts";
import { PlanModel } from "./plan-model.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

interface Shape {
  readonly steps: number;
  readonly concurrency: number;
  readonly seed: number;
  /** Of a hundred steps, so many fail. */
  readonly failing: number;
}

const shapes = (steps: number) =>
  fc.record({
    steps: fc.integer({ min: 1, max: steps }),
    concurrency: fc.integer({ min: 1, max: 12 }),
    seed: fc.nat(),
    failing: fc.constantFrom(0, 5, 30),
  });

test("whatever the plan, the outcomes and their order, Postgres comes to what the model says", {
  timeout: 240_000,
}, async () => {
  await fc.assert(fc.asyncProperty(shapes(30), drive), { numRuns: 250 });
});

test("the same with 500 steps", { timeout: 240_000 }, async () => {
  for (const failing of [1, 10]) await drive({ steps: 500, concurrency: 8, seed: 7, failing });
});

/** Carries a random plan to its end, one random step after the other, and compares after each. */
async function drive({ steps, concurrency, seed, failing }: Shape): Promise<void> {
  const { sql } = database;
  const random = chance(seed);
  const plan = randomPlan(steps, concurrency, random);
  const id = await begun(plan);
  const model = new PlanModel(plan);
  const cancelAt = random() < 0.1 ? Math.floor(random() * steps) : -1;
  for (let settled = 0; model.end() === null; settled += 1) {
    const rows = await allSteps(sql, id);
    expect(
      Object.fromEntries(rows.map((row) => [row.key, row.task === "stop_step" ? "stopping" : row.status])),
    ).toEqual(Object.fromEntries(model.status));
    if (settled === cancelAt) {
      await cancelRun(sql, { id, by: "ann", note: null, seenVersion: null }, false);
      model.cancel();
      continue;
    }
    const running = rows.filter(({ status }) => status === "running");
    const row = running[Math.floor(random() * running.length)];
    if (row === undefined) throw new Error("nothing runs, and yet it has not ended");
    if (row.task === "stop_step") {
      expect(await settleStopped(sql, row)).toBe(true);
      model.settle(row.key, "cancelled");
    } else if (random() * 100 < failing) {
      expect(await settleAttemptFailed(sql, row, { kind: "command", message: "it failed", exitCode: 1 })).toBe(
        "failed",
      );
      model.settle(row.key, "failed");
    } else {
      expect(await settleSucceeded(sql, row, { outputs: {}, exitCode: 0 })).toBe(true);
      model.settle(row.key, "succeeded");
    }
  }
  expect(await findRun(sql, id)).toMatchObject({ status: model.end(), unfinished: 0 });
}

async function begun(plan: Plan): Promise<RunId> {
  const { sql } = database;
  const planHash = await registerPlan(sql, plan);
  const run = await startRun(sql, {
    planId: plan.plan_id,
    planHash,
    variables: {},
    folder: null,
    agent: null,
    startedBy: null,
    idempotencyKey: null,
  });
  expect(await settleBegun(sql, run)).toBe(true);
  return run.id;
}

function randomPlan(count: number, concurrency: number, random: () => number): Plan {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const steps = Array.from({ length: count }, (_, index) => {
    const before = Array.from({ length: index }, (_, earlier) => `s${earlier}`);
    const wanted = Math.min(index, Math.floor(random() * 4));
    const needs = [...new Set(Array.from({ length: wanted }, () => pick(before)))];
    const asked = needs.filter(() => random() < 0.15);
    const critical = random() < 0.8;
    return step(`s${index}`, needs, {
      critical,
      on_failure: pick(critical ? ["abort", "skip_dependents", "continue"] : ["skip_dependents", "continue"]),
      when: Object.fromEntries(
        asked.map((id) => [id, [pick<Outcome>(["succeeded", "failed", "skipped", "finished"])]]),
      ),
    });
  });
  return planOf(steps, { globals: { max_concurrency: concurrency, default_timeout_sec: 60, env: {}, cwd: null } });
}

/** mulberry32: the same seed gives the same plan and the same order. */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
