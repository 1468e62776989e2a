import type { OutputSource } from "./output-names.ts";
import type { FailurePolicy, Outcome } from "./plan.ts";
import type { PlacedText } from "./step-texts.ts";

/**
 * As much of a plan file as could be understood, faults and all, so that a mistyped number hides no circle among the
 * steps. `null` stands for what is missing or not understood: nothing is then said of what depends on it.
 */
export interface PlanSketch {
  readonly variables: readonly VariableSketch[] | null;
  /** The texts of `globals`. */
  readonly texts: readonly PlacedText[];
  /** `absent`: it has none. */
  readonly stages: StagesSketch | "absent" | null;
  readonly steps: readonly StepSketch[];
}

export interface VariableSketch {
  readonly name: string | null;
  readonly required: boolean;
  readonly hasDefault: boolean;
}

export interface StagesSketch {
  readonly initial: string | null;
  readonly moves: Readonly<Record<string, readonly (string | null)[] | null>> | null;
  readonly ends: Readonly<Record<string, string | null>>;
}

export interface StepSketch extends StepOutcomes {
  readonly id: string | null;
  /** Its outputs, as far as they can be known. */
  readonly source: OutputSource | null;
  readonly stage: string | null;
  readonly hasSchema: boolean;
  readonly on_reject: { readonly restart_from: string | null } | null;
  readonly texts: readonly PlacedText[];
}

/** What of a step decides whether it runs, and whether those that depend on it do. */
export interface StepOutcomes {
  readonly depends_on: readonly (string | null)[] | null;
  /** Empty where there is none. */
  readonly when: Readonly<Record<string, readonly Outcome[] | null>> | null;
  readonly critical: boolean | null;
  readonly on_failure: FailurePolicy | null;
}
