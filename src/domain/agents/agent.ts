/** What an agent is asked to be. */
export type AgentRole = "plan" | "code" | "review";

/** What a run of an agent cost, by itself: a resumed session's earlier runs are subtracted. */
export interface AgentUsage {
  /** US dollars at list price, an estimate of the CLI's own; `null` when the CLI doesn't say. */
  readonly costUsd: number | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export const noUsage: AgentUsage = { costUsd: 0, inputTokens: 0, outputTokens: 0 };

export interface Finding {
  readonly file: string | null;
  readonly line: number | null;
  readonly text: string;
}

/** The typed result of each role. */
export interface AgentResults {
  /** `plan` is whatever JSON the agent answered; who asked checks it against the schema they asked for. */
  readonly plan: { readonly plan: unknown };
  readonly code: { readonly summary: string };
  readonly review: { readonly verdict: "approved" | "rejected"; readonly findings: readonly Finding[] };
}

/** Why an agent's run came to nothing. */
export type AgentTrouble =
  | "not_logged_in"
  | "permission_denied"
  | "turn_limit"
  | "budget_limit"
  | "provider_error"
  | "session_unknown"
  | "session_taken"
  | "interrupted"
  | "malformed_result"
  | "crashed";

/** How an agent's run ended. Exit status 0 alone is never success. */
export type AgentOutcome<Role extends AgentRole = AgentRole> =
  | { readonly state: "done"; readonly result: AgentResults[Role]; readonly session: AgentSession }
  | {
      readonly state: "failed";
      readonly trouble: AgentTrouble;
      readonly message: string;
      readonly session: AgentSession;
    }
  /** The account is used up until `resetsAt` (ms since the epoch); nothing is wrong with the change. */
  | { readonly state: "limited"; readonly resetsAt: number; readonly message: string; readonly session: AgentSession };

/** The conversation as it stands after a run. */
export interface AgentSession {
  /** What `--resume` takes; `null` when the CLI has no sessions or never said. */
  readonly id: string | null;
  /** What the whole session has cost so far, in the CLI's own count. */
  readonly total: AgentUsage;
  /** What this run added. */
  readonly usage: AgentUsage;
  /** Impossible amounts that the agent reported, which are not counted: `total_cost_usd: 1e+300`. */
  readonly doubts?: readonly string[];
}
