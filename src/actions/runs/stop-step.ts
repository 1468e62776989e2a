import type { Seen } from "../../domain/change.ts";
import type { Step, StepId } from "../../domain/plans/run.ts";
import { stepProcess } from "../../domain/plans/step-process.ts";
import { cancelRun, findRun } from "../../store/runs/runs.ts";
import { settleStopped, stepAsSeen, subrunOf } from "../../store/runs/steps.ts";
import { processNames, startedOf, stopAll } from "../agents/agent-starts.ts";
import { forgetMark } from "../environments/forget-mark.ts";
import { copyLog } from "../processes/copy-log.ts";
import type { Services } from "../services.ts";
import { runEnvironment } from "./run-environment.ts";

/** Ends a step that nobody wants any more: all that runs of it, or the run of another plan that it waits for. */
export async function stopStep(services: Services, seen: Seen<string>, stopping: AbortSignal): Promise<void> {
  const step = await stepAsSeen(services.sql, seen as Seen<StepId>);
  if (step === null) return;
  if (step.status === "waiting") await cancelSubrun(services, step);
  else await stopProcess(services, step, stopping);
}

/** Its end settles the step. */
async function cancelSubrun({ sql }: Services, step: Step): Promise<void> {
  const subrun = await subrunOf(sql, step.id);
  if (subrun === null || subrun.finishedAt !== null) return;
  const caller = await findRun(sql, step.runId);
  const word = { id: subrun.id, by: "the run it belongs to", note: null, seenVersion: null };
  await cancelRun(sql, word, caller?.atOnce === true);
}

async function stopProcess(services: Services, step: Step, stopping: AbortSignal): Promise<void> {
  const { sql, limits } = services;
  const run = await findRun(sql, step.runId);
  if (run?.environmentId) {
    const environment = runEnvironment(services, run.environmentId);
    const { kind } = step.spec;
    const hasGrace = kind === "command" || kind === "agent";
    const graceMs = hasGrace ? step.spec.critical_grace_period_sec * 1000 : limits.graceMs;
    const owner = { changeId: run.changeId, runId: run.id };
    const names = processNames(stepProcess(step), kind === "agent");
    const started = await startedOf(environment, names);
    await stopAll(environment, names, graceMs);
    for (const name of started) await copyLog(services, environment, owner, name, stopping);
  }
  await settleStopped(sql, step);
  if (run !== null) await forgetMark(services, run, step);
}
