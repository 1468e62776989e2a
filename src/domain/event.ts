import type { ChangeId, WorkspaceName } from "./ids.ts";
import type { Entity } from "./lifecycles.ts";
import type { RunId } from "./plans/run.ts";

/** One thing that happened. */
export interface Event {
  /** Where it stands in the order of all events; what `Last-Event-ID` takes. */
  readonly cursor: string;
  readonly entity: Entity;
  readonly entityId: string;
  readonly changeId: ChangeId | null;
  readonly runId: RunId | null;
  readonly workspace: WorkspaceName | null;
  /** `change.deployed`, `environment.terminated`, `change.implement_done`, … */
  readonly kind: string;
  readonly fromStatus: string | null;
  readonly toStatus: string | null;
  readonly version: number;
  readonly actor: string | null;
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly at: Date;
}
