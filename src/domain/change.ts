import type { AgentUsage } from "./agents/agent.ts";
import type { Blueprint } from "./blueprints/blueprint.ts";
import type { FailureKind } from "./failure.ts";
import type { ChangeId, EnvironmentId, WorkspaceName } from "./ids.ts";
import type { ChangeStatus, TaskName } from "./lifecycles.ts";
import type { Notice } from "./notice.ts";

export const changeSources = ["api", "cli", "sql", "slack", "web"] as const;
export type ChangeSource = (typeof changeSources)[number];

/** A remark on a place in the diff; `file` and `line` are null when it is about the whole. */
export interface Comment {
  readonly file: string | null;
  readonly line: number | null;
  readonly text: string;
}

/** What a person asked to be changed before a round. */
export interface Feedback {
  readonly round: number;
  readonly text: string;
  readonly comments: readonly Comment[];
}

/** A change request, as its row is. */
export interface Change {
  readonly id: ChangeId;
  readonly workspace: WorkspaceName;
  readonly source: ChangeSource;
  readonly requesterId: string | null;
  readonly requesterName: string | null;
  readonly requestText: string;
  readonly status: ChangeStatus;
  /** The task it waits for; null when it waits for a person, for room, or for nothing. */
  readonly task: TaskName | null;
  readonly version: number;
  readonly environmentId: EnvironmentId | null;
  readonly repositoryUrl: string;
  readonly branchName: string | null;
  readonly targetBranch: string | null;
  readonly previewUrl: string | null;
  readonly previewPort: number | null;
  readonly agent: string;
  /** An admin chose the agent: when the change was asked for, its workspace did not allow it. */
  readonly agentFree: boolean;
  readonly sessionId: string | null;
  readonly round: number;
  /** How often this round's agent was started again after a usage limit. */
  readonly continuations: number;
  /** Until its agent's usage limit resets. */
  readonly waitsUntil: Date | null;
  readonly blueprint: Blueprint | null;
  readonly baseCommit: string | null;
  readonly headCommit: string | null;
  readonly mergeCommitSha: string | null;
  readonly summary: string | null;
  readonly feedback: Feedback | null;
  readonly decidedBy: string | null;
  readonly decisionNote: string | null;
  readonly decidedAt: Date | null;
  readonly failureKind: FailureKind | null;
  readonly failureMessage: string | null;
  readonly failedIn: ChangeStatus | null;
  /** The task that it was waiting for when it failed. */
  readonly failedTask: TaskName | null;
  readonly lastFailure: LastFailure | null;
  /** US dollars, over all rounds; the agents' own estimate. */
  readonly costUsd: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly sessionTotal: AgentUsage | null;
  readonly notices: readonly Notice[];
  readonly idempotencyKey: string | null;
  readonly createdAt: Date;
  readonly movedAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** During a retry: what went wrong before, in which status, and which task it was waiting for there. */
export interface LastFailure {
  readonly kind: FailureKind;
  readonly message: string;
  readonly in: ChangeStatus;
  readonly task: TaskName | null;
}

/** An entity at the version somebody saw: the fence of every settlement. */
export interface Seen<EntityId extends string> {
  readonly id: EntityId;
  readonly version: number;
}
