import type { Plan, PlanGlobals, PlanStep, WaitFor } from "../../domain/plans/plan.ts";
import type { OutlineFile } from "./plan-file.ts";
import type { StepFile } from "./plan-steps.ts";

const daySeconds = 86_400;

/** The plan that a file without faults says, with every default filled in. */
export function completePlan({ $schema, ...file }: OutlineFile, steps: readonly StepFile[]): Plan {
  return {
    ...file,
    version: String(file.version),
    steps: steps.map((step) => completeStep(step, file.globals)),
  };
}

function completeStep(step: StepFile, { default_timeout_sec, env, cwd }: PlanGlobals): PlanStep {
  const filledIn = {
    name: step.name ?? step.id,
    when: completeWhen(step.when),
    on_failure: step.on_failure ?? (step.critical ? "abort" : "continue"),
  } as const;
  switch (step.kind) {
    case "command":
      return {
        ...step,
        ...filledIn,
        timeout_sec: step.timeout_sec ?? default_timeout_sec,
        env: { ...env, ...step.env },
        cwd: step.cwd ?? cwd,
      };
    case "agent":
      return { ...step, ...filledIn, timeout_sec: step.timeout_sec ?? default_timeout_sec };
    case "wait":
      return {
        ...step,
        ...filledIn,
        timeout_sec: step.timeout_sec ?? null,
        wait: completeWait(step.wait),
      };
    case "plan":
      return { ...step, ...filledIn, timeout_sec: step.timeout_sec ?? daySeconds };
  }
}

function completeWhen(when: StepFile["when"]): PlanStep["when"] {
  const entries = Object.entries(when).map(([id, accepted]) => [id, [...new Set([accepted].flat())]] as const);
  return Object.fromEntries(entries);
}

function completeWait(wait: Extract<StepFile, { kind: "wait" }>["wait"]): WaitFor {
  if (wait.for !== "time") return wait;
  return wait.seconds === undefined ? { for: "time", until: wait.until ?? "" } : { for: "time", seconds: wait.seconds };
}
