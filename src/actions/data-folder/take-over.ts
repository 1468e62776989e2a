import type { OpenFolder } from "../../domain/data-folder.ts";
import { DataFolderInUse, DataFolderSeenLately } from "../../domain/faults/data-folders.ts";
import { findFolder, takeOverFolder } from "../../store/data-folders.ts";
import type { Services } from "../services.ts";

export interface TakeOver {
  readonly folder: OpenFolder;
  /** How many changes begin again from their branches, because they were worked on in another folder. */
  readonly changes: number;
  /** How many runs have failed for the same reason. */
  readonly runs: number;
}

/**
 * Makes this data folder the one that works on the database, for when the other one is lost. `sure`: also when the other
 * one was seen in the last five minutes. Throws `DataFolderInUse`, `DataFolderSeenLately`.
 */
export async function takeOver({ sql, log, dataFolder, provider }: Services, sure: boolean): Promise<TakeOver> {
  const folder = await dataFolder.open();
  const known = await findFolder(sql, folder.id);
  if (!sure && known?.host === folder.host && (await dataFolder.isAlsoAt(known.path)) === true) {
    throw new DataFolderSeenLately(known, "is there, and this one is a copy of it");
  }
  const taken = await takeOverFolder(sql, { folder, found: await provider("local").list(), sure });
  const other = { host: taken.otherHost ?? "?", path: taken.otherPath ?? "?" };
  if (taken.refusal === "in use") {
    throw new DataFolderInUse({ host: other.host, path: taken.otherPath, pid: taken.otherPid });
  }
  if (taken.refusal === "seen lately") {
    throw new DataFolderSeenLately(other, `was at work at ${taken.otherSeenAt?.toISOString() ?? "?"}`);
  }
  const [changes, runs] = [taken.changes ?? 0, taken.runs ?? 0];
  log.warn({ folder: folder.path, id: folder.id, changes, runs }, "data folder has taken over");
  return { folder, changes, runs };
}
