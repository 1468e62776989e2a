import { OutputMissing } from "../../domain/faults/runs.ts";
import type { PlanStep } from "../../domain/plans/plan.ts";
import type { Run, Step } from "../../domain/plans/run.ts";
import { expandStep, referencesOfStep } from "../../domain/plans/step-texts.ts";
import { outputsOf } from "../../store/runs/steps.ts";
import type { Services } from "../services.ts";

/** What a step is told to do, with all that it refers to filled in. Throws `OutputMissing`. */
export async function expandedSpec({ sql }: Services, run: Run, step: Step): Promise<PlanStep> {
  const named = referencesOfStep(step.spec).flatMap((reference) =>
    reference.kind === "output" ? [reference.step] : [],
  );
  const outputs = await outputsOf(sql, run.id, [...new Set(named)]);
  return expandStep(step.spec, (reference) => {
    switch (reference.kind) {
      case "variable":
        return ownValue(run.variables, reference.name) ?? "";
      case "run":
        return reference.name === "id" ? run.id : (run.folder ?? "");
      case "output": {
        const value = ownValue(ownValue(outputs, reference.step) ?? {}, reference.name);
        if (value === undefined) throw new OutputMissing(reference.step, reference.name);
        return value;
      }
    }
  });
}

/** A step may be called `constructor`, and so may a variable. */
function ownValue<Value>(values: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}
