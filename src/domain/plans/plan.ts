import type { AgentRole } from "../agents/agent.ts";

/**
 * A plan: steps that depend on each other, in one JSON file. These are its own keys, so they are written as they are in
 * the file. What `checkPlan` has let through looks like this, with every default filled in.
 */
export interface Plan {
  /** How it is named: `fairlead run start`, `start_run()` and `plan` steps find it by this. */
  readonly plan_id: string;
  readonly version: string;
  readonly metadata: PlanMetadata;
  readonly variables: readonly PlanVariable[];
  readonly globals: PlanGlobals;
  readonly stages: PlanStages | null;
  readonly steps: readonly PlanStep[];
}

/** `project` and `phase_id` are known; anything else that is JSON may stand beside them. */
export interface PlanMetadata {
  readonly project?: string | undefined;
  readonly phase_id?: string | undefined;
  readonly [key: string]: unknown;
}

export interface PlanVariable {
  readonly name: string;
  /** `null`: it has none, and is empty where nobody gives it, unless it is required. */
  readonly default: string | null;
  readonly required: boolean;
  readonly description: string | null;
}

export interface PlanGlobals {
  /** How many steps of a run are running at any moment, at most. */
  readonly max_concurrency: number;
  readonly default_timeout_sec: number;
  /** Given to each command, which may say otherwise; checked plans have it in each of them. */
  readonly env: Readonly<Record<string, string>>;
  /** Where commands work that say nothing of it, relative to the checkout; `null` is the checkout itself. */
  readonly cwd: string | null;
}

/** Names for where a run stands, the keys of `moves`, and the moves between them: anything else is refused. */
export interface PlanStages {
  readonly initial: string;
  readonly moves: Readonly<Record<string, readonly string[]>>;
  /** The stage in which a run ends, by its status. */
  readonly ends: Readonly<Record<"succeeded" | "failed" | "cancelled", string>>;
}

export const stepKinds = ["command", "agent", "wait", "plan"] as const;
export type StepKind = (typeof stepKinds)[number];

/**
 * What a failed step means for the others. `abort`: what runs is stopped, and nothing more begins but steps that are
 * there for failures (their `when` takes another outcome than `succeeded`). `skip_dependents`: what depends on it is
 * skipped, the rest goes on. `continue`: what depends on it goes on as if it had succeeded.
 */
export const failurePolicies = ["abort", "skip_dependents", "continue"] as const;
export type FailurePolicy = (typeof failurePolicies)[number];

/** How a dependency has ended, as `when` asks for it. `finished` is any of them. A cancelled step counts as failed. */
export const outcomes = ["succeeded", "failed", "skipped", "finished"] as const;
export type Outcome = (typeof outcomes)[number];

interface StepBase<Timeout = number> {
  readonly id: string;
  readonly name: string;
  readonly depends_on: readonly string[];
  /** By the id of a dependency: the outcomes it may have. One that is not named here has to have succeeded. */
  readonly when: Readonly<Record<string, readonly Outcome[]>>;
  /** The time limit of one attempt; `null`, which only a `wait` step may have: there is none. */
  readonly timeout_sec: Timeout;
  /** How often it is tried again after a failure. */
  readonly retries: number;
  /** Before the first retry; `retry_backoff` times as long before each further one. */
  readonly retry_delay_sec: number;
  readonly retry_backoff: number;
  /** False: that it fails never fails the run. */
  readonly critical: boolean;
  readonly on_failure: FailurePolicy;
  /** The stage that the run enters when this step begins. */
  readonly stage: string | null;
}

export interface CommandStep extends StepBase {
  readonly kind: "command";
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | null;
  readonly stdin: string;
  /** The names of what it leaves for later steps, who call it `${steps.<id>.outputs.<name>}`. */
  readonly outputs: readonly string[];
  /** Between TERM and KILL. */
  readonly critical_grace_period_sec: number;
}

export interface AgentStep extends StepBase {
  readonly kind: "agent";
  readonly role: AgentRole;
  readonly prompt: string;
  /** Which agent; `null` is the workspace's own, or the one that `fairlead plan run --agent` names. */
  readonly agent: string | null;
  readonly settings: Readonly<Record<string, unknown>> | null;
  /** A JSON Schema for what an agent in the role `plan` answers. */
  readonly schema: Readonly<Record<string, unknown>> | null;
  /** For the role `review`: where to begin again when it rejects, and how many rounds there may be in all. */
  readonly on_reject: { readonly restart_from: string; readonly max_rounds: number } | null;
  readonly critical_grace_period_sec: number;
}

/** What a `wait` step waits for: a person's word, or a time. */
export type WaitFor =
  | ({ readonly for: "approval" } & AskedOfPeople)
  | ({ readonly for: "choice"; readonly choices: readonly string[] } & AskedOfPeople)
  | ({ readonly for: "answer" } & AskedOfPeople)
  | { readonly for: "time"; readonly seconds: number }
  /** `until` is an ISO 8601 time with its zone. */
  | { readonly for: "time"; readonly until: string };

export interface AskedOfPeople {
  readonly message: string;
  /** Who may answer, by name; empty: anybody who may answer at all. */
  readonly who: readonly string[];
  /** After this it fails; `null`: it waits for as long as it takes. */
  readonly deadline_sec: number | null;
}

export interface WaitStep extends StepBase<number | null> {
  readonly kind: "wait";
  readonly wait: WaitFor;
}

export interface SubplanStep extends StepBase {
  readonly kind: "plan";
  /** The `plan_id` of another plan. */
  readonly plan: string;
  readonly variables: Readonly<Record<string, string>>;
}

export type PlanStep = CommandStep | AgentStep | WaitStep | SubplanStep;

/**
 * One thing that is wrong with a plan file: where (`steps[3].depends_on[0]`; empty: the file as a whole), what, and what
 * to do about it.
 */
export interface PlanProblem {
  readonly path: string;
  readonly message: string;
  readonly hint: string | null;
}
