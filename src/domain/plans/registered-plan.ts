import type { Plan } from "./plan.ts";

/** A plan as it is listed. */
export interface PlanRow {
  readonly planId: string;
  /** SHA-256 of the document. */
  readonly hash: string;
  readonly version: string;
  readonly steps: number;
  readonly registeredAt: Date;
}

export interface RegisteredPlan extends PlanRow {
  readonly document: Plan;
}
