import type { RunStatus, StepStatus } from "../../src/domain/lifecycles.ts";
import type { Plan } from "../../src/domain/plans/plan.ts";
import type { Run, RunId, Step } from "../../src/domain/plans/run.ts";
import { registerPlan } from "../../src/store/runs/plans.ts";
import { attemptsAfter } from "../../src/store/runs/run-progress.ts";
import { findRun, startRun } from "../../src/store/runs/runs.ts";
import { stepsAfter } from "../../src/store/runs/steps.ts";
import type { Sql } from "../../src/store/sql.ts";
import type { World } from "./world.ts";

export interface StartOptions {
  readonly variables?: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly agent?: string;
}

/** Registers a plan and starts a run of it. */
export async function startPlan(world: World, plan: Plan, options: StartOptions = {}): Promise<RunId> {
  const planHash = await registerPlan(world.database.sql, plan);
  const run = await startRun(world.database.sql, {
    planId: plan.plan_id,
    planHash,
    variables: options.variables ?? {},
    folder: options.folder ?? null,
    agent: options.agent ?? null,
    startedBy: "ann",
    idempotencyKey: null,
  });
  return run.id;
}

/** Waits until a run has ended in this status; another end is an error that says why. */
export async function runReaches(world: World, id: RunId, status: RunStatus): Promise<Run> {
  return world.row(async () => {
    const run = await findRun(world.database.sql, id);
    if (run?.status === status) return [run];
    if (run?.finishedAt) throw new Error(`it ${run.status}: ${run.failureMessage}`);
    return [];
  });
}

/** Waits until a step is in this status. */
export async function stepReaches(world: World, id: RunId, key: string, status: StepStatus): Promise<Step> {
  return world.row(async () =>
    (await allSteps(world.database.sql, id)).filter((s) => s.key === key && s.status === status),
  );
}

/** The status of each step. */
export async function stepStatuses(world: World, id: RunId): Promise<Record<string, StepStatus>> {
  const steps = await allSteps(world.database.sql, id);
  return Object.fromEntries(steps.map(({ key, status }) => [key, status]));
}

/** Every step of a run, in the order of its plan. */
export const allSteps = (sql: Sql, runId: RunId) => stepsAfter(sql, { runId, position: 0, limit: 100_000 });

/** Every start of a step of a run, by step. */
export const allAttempts = (sql: Sql, runId: RunId) =>
  attemptsAfter(sql, { runId, after: { position: 0, number: 0 }, limit: 1000 });
