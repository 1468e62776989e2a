import { expect } from "vitest";
import type { Plan } from "../../src/domain/plans/plan.ts";
import type { Run, Step } from "../../src/domain/plans/run.ts";
import { registerPlan } from "../../src/store/runs/plans.ts";
import { settleBegun, startRun } from "../../src/store/runs/runs.ts";
import { findStep, settleAttemptFailed, settleSucceeded, settleWaiting } from "../../src/store/runs/steps.ts";
import type { Sql } from "../../src/store/sql.ts";
import { allSteps } from "../support/runs.ts";

/** Runs without a worker: a test settles their steps itself. */
export function runsIn(sql: Sql) {
  async function started(plan: Plan, more: Partial<Parameters<typeof startRun>[1]> = {}): Promise<Run> {
    const planHash = await registerPlan(sql, plan);
    return startRun(sql, { ...order, planId: plan.plan_id, planHash, ...more });
  }
  /** The step as it is, to be settled. */
  async function at(run: Run, key: string): Promise<Step> {
    const found = await findStep(sql, run.id, key);
    if (found === null) throw new Error(`no step ${key}`);
    return found;
  }
  return {
    started,
    at,
    /** A run whose environment is there. */
    async begun(plan: Plan): Promise<Run> {
      const run = await started(plan);
      expect(await settleBegun(sql, run)).toBe(true);
      return run;
    },
    statuses: async (run: Run) =>
      Object.fromEntries((await allSteps(sql, run.id)).map(({ key, status }) => [key, status])),
    succeed: async (run: Run, key: string) => settleSucceeded(sql, await at(run, key), { outputs: {}, exitCode: 0 }),
    fail: async (run: Run, key: string) =>
      settleAttemptFailed(sql, await at(run, key), { kind: "command", message: "it failed", exitCode: 1 }),
    ask: async (run: Run) =>
      settleWaiting(sql, await at(run, "ask"), { for: "approval", message: "?", who: [] }, { seconds: null }),
  };
}

export const order = { variables: {}, folder: null, agent: null, startedBy: "ann", idempotencyKey: null };

export const word = (run: Run) => ({ id: run.id, by: "ann", note: null, seenVersion: null });
