import type { AgentUsage } from "../agents/agent.ts";
import type { ChangeId, EnvironmentId, Id } from "../ids.ts";
import type { RunStatus, StepStatus, TaskName } from "../lifecycles.ts";
import type { PlanStages, PlanStep } from "./plan.ts";

export type RunId = Id<"run">;
export type StepId = Id<"step">;

/** Why a run failed: a step of it, its environment, a person who cancelled it, or our own fault. */
export const runFailureKinds = ["step", "environment", "cancelled", "internal"] as const;
export type RunFailureKind = (typeof runFailureKinds)[number];

/** Why an attempt of a step failed. */
export const stepFailureKinds = [
  "command",
  "timeout",
  "environment",
  "agent",
  "rejected",
  "outputs",
  "stage",
  "plan",
  "cancelled",
  "internal",
] as const;
export type StepFailureKind = (typeof stepFailureKinds)[number];

/** One execution of a plan, as its row is. */
export interface Run {
  readonly id: RunId;
  readonly planId: string;
  readonly planHash: string;
  readonly status: RunStatus;
  readonly task: TaskName | null;
  readonly version: number;
  /** How it will end when what runs has stopped; null as long as nothing ends it. */
  readonly ending: "failed" | "cancelled" | null;
  /** Steps that are there for failures are stopped as well. */
  readonly atOnce: boolean;
  readonly stage: string | null;
  readonly stages: PlanStages | null;
  readonly variables: Readonly<Record<string, string>>;
  readonly folder: string | null;
  readonly agent: string | null;
  readonly changeId: ChangeId | null;
  readonly parentStepId: StepId | null;
  readonly environmentId: EnvironmentId | null;
  readonly startedBy: string | null;
  readonly maxConcurrency: number;
  /** How many steps it has, and how many of them have not settled. */
  readonly total: number;
  readonly unfinished: number;
  readonly failedStep: string | null;
  readonly failureKind: RunFailureKind | null;
  readonly failureMessage: string | null;
  readonly createdAt: Date;
  readonly movedAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** What a step that is `waiting` waits for. */
export type WaitsFor =
  | ({ readonly for: "approval" | "answer" } & Asked)
  | ({ readonly for: "choice"; readonly choices: readonly string[] } & Asked)
  | { readonly for: "time" }
  /** Before it is tried again. */
  | { readonly for: "retry" }
  /** Until its agent's usage limit resets. */
  | { readonly for: "limit" }
  | { readonly for: "plan"; readonly plan: string; readonly run: RunId };

interface Asked {
  readonly message: string;
  readonly who: readonly string[];
}

/** What a review found wrong with the round before. */
export interface SentBack {
  /** The key of the step that found it. */
  readonly step: string;
  readonly round: number;
  /** As the review's output is: JSON text of a list of findings. */
  readonly findings: string | null;
}

/** A node of a run, as its row is. */
export interface Step {
  readonly id: StepId;
  readonly runId: RunId;
  readonly position: number;
  readonly key: string;
  readonly spec: PlanStep;
  readonly status: StepStatus;
  readonly task: TaskName | null;
  readonly version: number;
  /** How often it began. */
  readonly attempt: number;
  /** How often it failed since its round began. */
  readonly failures: number;
  readonly round: number;
  readonly feedback: SentBack | null;
  readonly waitsFor: WaitsFor | null;
  readonly waitsUntil: Date | null;
  readonly outputs: Readonly<Record<string, string>>;
  readonly exitCode: number | null;
  readonly failureKind: StepFailureKind | null;
  readonly failureMessage: string | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** How an attempt of a step failed. */
export interface StepFailure {
  readonly kind: StepFailureKind;
  /** For a person: what happened, and what they can do. */
  readonly message: string;
  readonly exitCode?: number | null;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly usage?: AgentUsage;
}
