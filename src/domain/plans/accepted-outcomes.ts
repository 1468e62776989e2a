import type { StepOutcomes } from "./plan-sketch.ts";

/** How a step may have ended, as bits, so that "both of these" is `&`. */
export const succeeded = 1;
export const failed = 2;
export const skipped = 4;
const finished = succeeded | failed | skipped;

const bits = { succeeded, failed, skipped, finished } as const;

/**
 * The outcomes of a dependency with which a step that depends on it may run. A step that doesn't say takes one that has
 * succeeded, or that failed where its failures count as success. What could not be understood takes anything.
 */
export function acceptedOutcomes({ when }: StepOutcomes, id: string, dependency: StepOutcomes): number {
  if (when === null) return finished;
  // Not `when[id]` alone: a step may be called "constructor".
  if (!Object.hasOwn(when, id)) return goesOn(dependency) ? succeeded | failed : succeeded;
  return when[id]?.reduce((accepted, outcome) => accepted | bits[outcome], 0) ?? finished;
}

function goesOn({ critical, on_failure }: StepOutcomes): boolean {
  return on_failure === null ? critical !== true : on_failure === "continue";
}
