import type { Seen } from "../../domain/change.ts";
import type { EnvironmentId } from "../../domain/ids.ts";
import type { Run, Step, StepId } from "../../domain/plans/run.ts";
import { runOfStep } from "../../store/runs/runs.ts";
import { enterStage, stepAsSeen } from "../../store/runs/steps.ts";
import { forgetMark } from "../environments/forget-mark.ts";
import type { Services } from "../services.ts";
import { expandedSpec } from "./expand-step.ts";
import { orFailStep } from "./fail-step.ts";
import { runAgentStep } from "./run-agent-step.ts";
import { runCommandStep } from "./run-command-step.ts";
import { openWait, startSubplan } from "./wait-in-step.ts";

/** A run that has its environment. */
export type BegunRun = Run & { readonly environmentId: EnvironmentId };

/** Runs a step of a plan to where it has succeeded, failed, or waits. */
export async function runStep(services: Services, seen: Seen<string>, stopping: AbortSignal): Promise<void> {
  const seenStep = seen as Seen<StepId>;
  const [step, run] = await Promise.all([stepAsSeen(services.sql, seenStep), runOfStep(services.sql, seenStep.id)]);
  if (step === null || run === null) return;
  const { environmentId } = run;
  if (environmentId === null) throw new Error(`run ${run.id} is ${run.status} and has no environment`);
  await orFailStep(services, run, step, stopping, () => perform(services, { ...run, environmentId }, step, stopping));
  await forgetMark(services, run, step);
}

async function perform(services: Services, run: BegunRun, step: Step, stopping: AbortSignal): Promise<void> {
  if (step.spec.stage !== null) await enterStage(services.sql, step, step.spec.stage);
  const spec = await expandedSpec(services, run, step);
  switch (spec.kind) {
    case "command":
      return await runCommandStep(services, run, { step, spec }, stopping);
    case "agent":
      return await runAgentStep(services, run, { step, spec }, stopping);
    case "wait":
      return await openWait(services, step, spec);
    case "plan":
      return await startSubplan(services, step, spec);
  }
}
