import { StepFailed } from "../../domain/faults/runs.ts";
import type { SubplanStep, WaitStep } from "../../domain/plans/plan.ts";
import type { Step } from "../../domain/plans/run.ts";
import { settleWaiting, startSubrun } from "../../store/runs/steps.ts";
import type { Services } from "../services.ts";

/** Lets a step wait for a time, or asks people. */
export async function openWait({ sql }: Services, step: Step, { wait, timeout_sec }: WaitStep): Promise<void> {
  if (wait.for !== "time") {
    const { deadline_sec, ...asked } = wait;
    const limits = [deadline_sec, timeout_sec].filter((seconds) => seconds !== null);
    await settleWaiting(sql, step, asked, { seconds: limits.length === 0 ? null : Math.min(...limits) });
  } else if ("seconds" in wait) {
    await settleWaiting(sql, step, { for: "time" }, { seconds: wait.seconds });
  } else {
    const until = new Date(wait.until);
    if (Number.isNaN(until.getTime())) {
      const message = `${JSON.stringify(wait.until)} is no time: give one as 2026-11-21T08:15:00Z`;
      throw new StepFailed({ kind: "outputs", message });
    }
    await settleWaiting(sql, step, { for: "time" }, { until });
  }
}

/** Begins a run of another plan, and waits for its end. */
export async function startSubplan({ sql, log }: Services, step: Step, spec: SubplanStep): Promise<void> {
  const { plan: planId, variables, timeout_sec: timeoutSec } = spec;
  const run = await startSubrun(sql, step, { planId, variables, timeoutSec });
  if (run !== null) log.info({ step: step.key, plan: planId, run }, "run of another plan begun");
}
