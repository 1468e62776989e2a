import { z } from "zod";
import { runLifecycle, statusesOf, stepLifecycle } from "../../domain/lifecycles.ts";
import { stepKinds } from "../../domain/plans/plan.ts";
import { type Run, runFailureKinds, type Step, stepFailureKinds, type WaitsFor } from "../../domain/plans/run.ts";
import type { Attempt, RunWithSteps } from "../../domain/plans/run-progress.ts";
import { iso, isoOrNull, timestamp } from "../text.ts";

export const runStatuses = statusesOf(runLifecycle);
const stepStatus = z.enum(statusesOf(stepLifecycle));

export const runView = z
  .object({
    id: z.string(),
    plan_id: z.string(),
    plan_hash: z.string(),
    status: z.enum(runStatuses),
    version: z.int(),
    ending: z
      .enum(["failed", "cancelled"])
      .nullable()
      .meta({ description: "How it will end, once what runs has stopped" }),
    stage: z.string().nullable().meta({ description: "Where it stands in words of its plan's own" }),
    variables: z.array(z.string()).meta({ description: "Their names; their values are shown to nobody" }),
    folder: z.string().nullable(),
    agent: z.string().nullable(),
    change_id: z.string().nullable(),
    parent_step_id: z.string().nullable().meta({ description: "The step of another run that this one is" }),
    environment_id: z.string().nullable(),
    started_by: z.string().nullable(),
    max_concurrency: z.int(),
    total: z.int().meta({ description: "How many steps it has" }),
    unfinished: z.int().meta({ description: "How many of them have not settled" }),
    failed_step: z.string().nullable(),
    failure_kind: z.enum(runFailureKinds).nullable(),
    failure_message: z.string().nullable(),
    created_at: timestamp,
    moved_at: timestamp,
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
  })
  .meta({ id: "Run" });

export const startedRun = runView
  .extend({ deduplicated: z.boolean().meta({ description: "true: this idempotency key had been used before" }) })
  .meta({ id: "StartedRun" });

const waitsFor = z.object({
  for: z.enum(["approval", "choice", "answer", "time", "retry", "limit", "plan"]),
  message: z.string().optional(),
  who: z.array(z.string()).optional().meta({ description: "Who may answer; none: anybody who may at all" }),
  choices: z.array(z.string()).optional(),
  plan: z.string().optional(),
  run: z.string().optional().meta({ description: "Of the plan that is this step" }),
});

export const stepView = z
  .object({
    id: z.string(),
    run_id: z.string(),
    position: z.int().meta({ description: "Its place in the plan, from 1" }),
    key: z.string().meta({ description: "Its id in the plan" }),
    name: z.string(),
    kind: z.enum(stepKinds),
    depends_on: z.array(z.string()),
    status: stepStatus,
    version: z.int(),
    attempt: z.int().meta({ description: "How often it began" }),
    round: z.int(),
    waits_for: waitsFor.nullable(),
    waits_until: timestamp.nullable(),
    outputs: z
      .record(z.string(), z.string())
      .meta({ description: "What it left, each up to its first 1000 characters" }),
    exit_code: z.int().nullable(),
    failure_kind: z.enum(stepFailureKinds).nullable(),
    failure_message: z.string().nullable(),
    started_at: timestamp.nullable().meta({ description: "When its last attempt began" }),
    finished_at: timestamp.nullable(),
  })
  .meta({ id: "Step" });

export const runDetail = runView
  .extend({
    counts: z.partialRecord(stepStatus, z.int()).meta({ description: "Its steps by status" }),
    cost_usd: z.number().meta({ description: "Of its agents, and those of the plans it called; their own estimate" }),
    input_tokens: z.int(),
    output_tokens: z.int(),
    steps: z.array(stepView).meta({ description: "A page of them, in the order of the plan" }),
    next: z.int().nullable().meta({ description: "`after` of the next page; null when this is the last" }),
  })
  .meta({ id: "RunWithSteps" });

export const runPage = z.object({
  runs: z.array(runView).meta({ description: "Newest first" }),
  next: z.string().nullable().meta({ description: "`before` of the next page; null when this is the last" }),
});

const attemptView = z
  .object({
    step: z.string(),
    number: z.int(),
    round: z.int(),
    status: z.string(),
    started_at: timestamp,
    finished_at: timestamp.nullable(),
    exit_code: z.int().nullable(),
    failure_kind: z.string().nullable(),
    failure_message: z.string().nullable(),
  })
  .meta({ id: "Attempt" });

export const attemptPage = z.object({
  attempts: z.array(attemptView).meta({ description: "By step in the order of the plan, then oldest first" }),
  next: z.string().nullable().meta({ description: "`after` of the next page; null when this is the last" }),
});

export const runLogPage = z.object({
  entries: z.array(
    z.object({
      seq: z.int(),
      step: z.string(),
      attempt: z.int(),
      at: timestamp,
      lines: z.array(z.object({ kind: z.enum(["output", "error"]), text: z.string() })),
    }),
  ),
  last_seq: z.int().meta({ description: "Give it back as `after` to read on" }),
});

export function viewRunDetail({ run, counts, spent, steps, next }: RunWithSteps): z.infer<typeof runDetail> {
  return {
    ...viewRun(run),
    counts,
    cost_usd: spent.costUsd ?? 0,
    input_tokens: spent.inputTokens,
    output_tokens: spent.outputTokens,
    steps: steps.map(viewStep),
    next,
  };
}

/** Never with the values of its variables: people put secrets there. */
export function viewRun(run: Run): z.infer<typeof runView> {
  return {
    id: run.id,
    plan_id: run.planId,
    plan_hash: run.planHash,
    status: run.status,
    version: run.version,
    ending: run.ending,
    stage: run.stage,
    variables: Object.keys(run.variables).sort(),
    folder: run.folder,
    agent: run.agent,
    change_id: run.changeId,
    parent_step_id: run.parentStepId,
    environment_id: run.environmentId,
    started_by: run.startedBy,
    max_concurrency: run.maxConcurrency,
    total: run.total,
    unfinished: run.unfinished,
    failed_step: run.failedStep,
    failure_kind: run.failureKind,
    failure_message: run.failureMessage,
    created_at: iso(run.createdAt),
    moved_at: iso(run.movedAt),
    started_at: isoOrNull(run.startedAt),
    finished_at: isoOrNull(run.finishedAt),
  };
}

export function viewStep(step: Step): z.infer<typeof stepView> {
  return {
    id: step.id,
    run_id: step.runId,
    position: step.position,
    key: step.key,
    name: step.spec.name,
    kind: step.spec.kind,
    depends_on: [...step.spec.depends_on],
    status: step.status,
    version: step.version,
    attempt: step.attempt,
    round: step.round,
    waits_for: step.waitsFor && viewWait(step.waitsFor),
    waits_until: isoOrNull(step.waitsUntil),
    outputs: Object.fromEntries(Object.entries(step.outputs).map(([name, value]) => [name, value.slice(0, 1000)])),
    exit_code: step.exitCode,
    failure_kind: step.failureKind,
    failure_message: step.failureMessage,
    started_at: isoOrNull(step.startedAt),
    finished_at: isoOrNull(step.finishedAt),
  };
}

export function viewAttempt(attempt: Attempt): z.infer<typeof attemptView> {
  return {
    step: attempt.key,
    number: attempt.number,
    round: attempt.round,
    status: attempt.status,
    started_at: iso(attempt.startedAt),
    finished_at: isoOrNull(attempt.finishedAt),
    exit_code: attempt.exitCode,
    failure_kind: attempt.failureKind,
    failure_message: attempt.failureMessage,
  };
}

/** Only what is known of it: the row may hold what later versions put there. */
function viewWait(wait: WaitsFor): z.infer<typeof waitsFor> {
  switch (wait.for) {
    case "approval":
    case "answer":
      return { for: wait.for, message: wait.message, who: [...wait.who] };
    case "choice":
      return { for: wait.for, message: wait.message, who: [...wait.who], choices: [...wait.choices] };
    case "plan":
      return { for: wait.for, plan: wait.plan, run: wait.run };
    default:
      return { for: wait.for };
  }
}
