import type { AgentUsage } from "../agents/agent.ts";
import type { StepStatus } from "../lifecycles.ts";
import type { Run, Step, StepId, WaitsFor } from "./run.ts";

/** A step with no more of it than a picture of its whole run needs. */
export interface StepBrief {
  readonly id: StepId;
  readonly position: number;
  readonly key: string;
  readonly status: StepStatus;
  readonly version: number;
  readonly attempt: number;
  /** The positions of the steps that it depends on. */
  readonly needs: readonly number[];
  readonly waitsFor: WaitsFor | null;
  readonly waitsUntil: Date | null;
  readonly failureMessage: string | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** A run with one page of its steps. */
export interface RunWithSteps {
  readonly run: Run;
  readonly counts: Partial<Record<StepStatus, number>>;
  readonly spent: AgentUsage;
  readonly steps: readonly Step[];
  /** The position after which there are more. */
  readonly next: number | null;
}

/** One start of a step. */
export interface Attempt {
  /** The key of its step, and where that is in the plan. */
  readonly key: string;
  readonly position: number;
  readonly number: number;
  readonly round: number;
  readonly status: string;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  readonly exitCode: number | null;
  readonly failureKind: string | null;
  readonly failureMessage: string | null;
}

/** Where a page of attempts ends. */
export type AttemptCursor = Pick<Attempt, "position" | "number">;
