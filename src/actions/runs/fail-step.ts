import { Fault } from "../../domain/fault.ts";
import { isOfDataFolder } from "../../domain/faults/data-folders.ts";
import { EnvironmentGone, EnvironmentLost } from "../../domain/faults/environments.ts";
import { DatabaseUnavailable, MoveIllegal } from "../../domain/faults/kernel.ts";
import { OutputMissing, StepFailed } from "../../domain/faults/runs.ts";
import type { Run, Step, StepFailure, StepFailureKind } from "../../domain/plans/run.ts";
import { stepProcess } from "../../domain/plans/step-process.ts";
import { storable } from "../../domain/texts/text.ts";
import { findChange } from "../../store/changes.ts";
import { loseEnvironment } from "../../store/environments.ts";
import { settleAttemptFailed } from "../../store/runs/steps.ts";
import { faultOf } from "../../store/sql.ts";
import { processNames, stopAll } from "../agents/agent-starts.ts";
import type { Services } from "../services.ts";
import { runEnvironment } from "./run-environment.ts";

/**
 * Runs an attempt of a step. What goes wrong in it fails the attempt; in the environment of a change that was lost, the
 * change begins again in a fresh one. Three faults are rethrown, for the queue to retry: Postgres is unavailable, the data
 * folder is gone or refused, or this worker stops.
 */
export async function orFailStep(
  services: Services,
  run: Run,
  step: Step,
  stopping: AbortSignal,
  attempt: () => Promise<void>,
): Promise<void> {
  const { sql, log } = services;
  try {
    await attempt();
  } catch (raised) {
    const error = faultOf(raised);
    if (stopping.aborted || error instanceof DatabaseUnavailable || isOfDataFolder(error)) throw error;
    await services.dataFolder.check();
    if (isLost(error) && (await replaced(services, run, error))) return;
    await stopLeft(services, run, step);
    const failure = failureOf(error, step);
    const settled = await settleAttemptFailed(sql, step, failure);
    const said = { step: step.key, run: run.id, attempt: step.attempt, kind: failure.kind, settled };
    if (failure.kind === "internal") log.error({ err: error, ...said }, "step failed");
    else log.info(said, "step failed");
  }
}

/** What a failed attempt has left running must not work on beside the next one. */
async function stopLeft({ provider, limits, log }: Services, run: Run, step: Step): Promise<void> {
  const { kind } = step.spec;
  if ((kind !== "command" && kind !== "agent") || run.environmentId === null) return;
  const environment = runEnvironment({ provider }, run.environmentId);
  const names = processNames(stepProcess(step), kind === "agent");
  await stopAll(environment, names, limits.graceMs).catch((error: unknown) =>
    log.warn({ err: error, step: step.key }, "not all of a failed attempt could be stopped"),
  );
}

function isLost(error: unknown): error is EnvironmentLost | EnvironmentGone {
  return error instanceof EnvironmentLost || error instanceof EnvironmentGone;
}

/** A change is given another environment, and its plan runs anew there. Anybody's own folder can't be replaced. */
async function replaced({ sql, log }: Services, run: Run, error: EnvironmentLost | EnvironmentGone): Promise<boolean> {
  const why = error.message;
  const usage = error instanceof EnvironmentLost ? error.usage : undefined;
  const change = run.changeId === null ? null : await findChange(sql, run.changeId);
  // One that was cancelled has lost it to its own clean-up.
  if (change?.status !== "implementing" || change.environmentId !== run.environmentId) return false;
  const lost = await loseEnvironment(sql, change, storable(why), usage);
  log.warn({ change: change.id, run: run.id, why, lost }, "environment lost");
  return lost;
}

const ownKinds = {
  command: "command",
  agent: "agent",
  wait: "internal",
  plan: "plan",
} as const satisfies Record<Step["spec"]["kind"], StepFailureKind>;

function failureOf(error: unknown, { spec }: Step): StepFailure {
  if (error instanceof StepFailed) return { ...error.failure, message: storable(error.failure.message) };
  if (!(error instanceof Fault)) {
    const message = storable(error instanceof Error ? error.message : String(error));
    return { kind: "internal", message: `Fairlead itself failed: ${message}. Retry; if it happens again, report it.` };
  }
  return { kind: kindOf(error, spec.kind), message: storable(error.message) };
}

function kindOf(fault: Fault, kind: Step["spec"]["kind"]): StepFailureKind {
  if (fault instanceof OutputMissing) return "outputs";
  if (fault instanceof MoveIllegal) return "stage";
  return isLost(fault) ? "environment" : ownKinds[kind];
}
