import type { DataFolderId } from "./data-folder.ts";
import type { ChangeId, EnvironmentId, WorkspaceName } from "./ids.ts";
import type { EnvironmentStatus, TaskName } from "./lifecycles.ts";
import type { RunId } from "./plans/run.ts";

/** An environment, as its row is. */
export interface EnvironmentRow {
  readonly id: EnvironmentId;
  /** Of a change it has all three of these; of a run in a folder of somebody's own, none. */
  readonly workspace: WorkspaceName | null;
  readonly changeId: ChangeId | null;
  readonly runId: RunId | null;
  readonly provider: string;
  readonly repositoryUrl: string;
  readonly status: EnvironmentStatus;
  readonly task: TaskName | null;
  readonly version: number;
  readonly firstPort: number | null;
  /** The data folder it lies in; null before anything of it was made. */
  readonly dataFolder: DataFolderId | null;
  readonly note: string | null;
  readonly createdAt: Date;
  readonly movedAt: Date;
  readonly lastUsedAt: Date;
  readonly finishedAt: Date | null;
}
