import type { Run, Step } from "../../domain/plans/run.ts";
import { stepProcess } from "../../domain/plans/step-process.ts";
import { removeMark } from "../../providers/git/checkout/marks.ts";
import { runEnvironment } from "../runs/run-environment.ts";
import type { Services } from "../services.ts";

/** Takes away what told a coding step's commits, once it is settled: the repository may be somebody's own. */
export async function forgetMark({ provider, log }: Services, run: Run, step: Step): Promise<void> {
  if (step.spec.kind !== "agent" || step.spec.role !== "code" || run.environmentId === null) return;
  const environment = runEnvironment({ provider }, run.environmentId);
  await removeMark(environment, stepProcess(step)).catch((error: unknown) =>
    log.debug({ err: error, step: step.key }, "mark not removed: its environment is gone"),
  );
}
