import type { OpenFolder } from "../../domain/data-folder.ts";
import { DataFolderCopied, DataFolderForeign, DataFolderUnclaimed } from "../../domain/faults/data-folders.ts";
import { enlistWorker, findFolder, type Standing } from "../../store/data-folders.ts";
import type { Sql } from "../../store/sql.ts";
import type { WorkerId } from "../../store/workers.ts";
import type { Services } from "../services.ts";
import { copyOf } from "./standing.ts";

/**
 * Registers a worker, on the connection that holds its lock, if this data folder is the one that works on the database, or
 * is the first and becomes it. Returns the folder's former path when it was moved; null otherwise. Throws
 * `DataFolderForeign`, `DataFolderCopied`, `DataFolderUnclaimed`.
 */
export async function enlist(
  { dataFolder, provider }: Services,
  sql: Sql,
  worker: { readonly id: WorkerId; readonly pid: number },
): Promise<string | null> {
  const folder = await dataFolder.open();
  const known = await findFolder(sql, folder.id);
  const copy = known === null ? null : await copyOf({ dataFolder }, folder, known);
  if (copy !== null) throw copy;
  const found = await provider("local").list();
  const standing = await enlistWorker(sql, { worker, folder, found, holdsDatabase: dataFolder.holdsDatabase });
  const fault = refusal(folder, standing);
  if (fault !== null) throw fault;
  return standing.movedFrom;
}

function refusal(
  own: OpenFolder,
  standing: Standing,
): DataFolderForeign | DataFolderCopied | DataFolderUnclaimed | null {
  const { otherId, otherHost, otherPath, otherUser, otherSeenAt, otherPid, missing } = standing;
  const other = { host: otherHost ?? "?", path: otherPath ?? "?" };
  switch (standing.standing) {
    case "own":
      return null;
    case "foreign":
      return new DataFolderForeign(own, {
        ...other,
        id: otherId ?? "?",
        userName: otherUser ?? "?",
        lastSeenAt: otherSeenAt ?? new Date(0),
      });
    case "busy":
      return new DataFolderCopied(own, other, `process ${otherPid} on ${other.host} works in ${other.path}`);
    case "unclaimed":
      return new DataFolderUnclaimed(own, missing ?? 0);
  }
}
