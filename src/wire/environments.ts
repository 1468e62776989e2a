import { z } from "zod";
import type { EnvironmentRow } from "../domain/environment.ts";
import { environmentLifecycle, statusesOf } from "../domain/lifecycles.ts";
import { workspaceName } from "./ids.ts";
import { iso, isoOrNull, listLimit, timestamp } from "./text.ts";

export const environmentQuery = z.strictObject({ workspace: workspaceName.optional(), limit: listLimit });

export const environmentView = z
  .object({
    id: z.string(),
    workspace: z.string().nullable(),
    change_id: z.string().nullable(),
    run_id: z.string().nullable().meta({ description: "Of a run outside of any change" }),
    provider: z.string(),
    status: z.enum(statusesOf(environmentLifecycle)),
    version: z.int(),
    first_port: z.int().nullable(),
    data_folder: z.string().nullable().meta({ description: "The data folder it lies in; null before it was begun" }),
    note: z.string().nullable().meta({ description: "Such as why it can't be removed yet" }),
    created_at: timestamp,
    moved_at: timestamp,
    last_used_at: timestamp,
    finished_at: timestamp.nullable(),
  })
  .meta({ id: "Environment" });

export const environmentList = z.object({ environments: z.array(environmentView) });

export function viewEnvironment(row: EnvironmentRow): z.infer<typeof environmentView> {
  return {
    id: row.id,
    workspace: row.workspace,
    change_id: row.changeId,
    run_id: row.runId,
    provider: row.provider,
    status: row.status,
    version: row.version,
    first_port: row.firstPort,
    data_folder: row.dataFolder,
    note: row.note,
    created_at: iso(row.createdAt),
    moved_at: iso(row.movedAt),
    last_used_at: iso(row.lastUsedAt),
    finished_at: isoOrNull(row.finishedAt),
  };
}
