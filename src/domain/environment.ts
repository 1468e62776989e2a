import type { ChangeId, EnvironmentId, WorkspaceName } from "./ids.ts";
import type { EnvironmentStatus, TaskName } from "./lifecycles.ts";

/** An environment, as its row is. */
export interface EnvironmentRow {
  readonly id: EnvironmentId;
  readonly workspace: WorkspaceName;
  readonly changeId: ChangeId;
  readonly provider: string;
  readonly repositoryUrl: string;
  readonly status: EnvironmentStatus;
  readonly task: TaskName | null;
  readonly version: number;
  readonly firstPort: number;
  readonly note: string | null;
  readonly createdAt: Date;
  readonly movedAt: Date;
  readonly lastUsedAt: Date;
  readonly finishedAt: Date | null;
}
