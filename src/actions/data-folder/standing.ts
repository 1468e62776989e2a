import type { DataFolderId, KnownFolder } from "../../domain/data-folder.ts";
import { Fault } from "../../domain/fault.ts";
import { DataFolderCopied, DataFolderForeign } from "../../domain/faults/data-folders.ts";
import { folderAtWork, noteFolder } from "../../store/data-folders.ts";
import type { Services } from "../services.ts";

/** Whether this data folder is the one that works on the database. */
export type FolderStanding =
  | { readonly state: "own"; readonly id: DataFolderId }
  /** No folder has begun to work yet: the first that starts becomes the one. */
  | { readonly state: "first"; readonly id: DataFolderId | null }
  | { readonly state: "refused"; readonly fault: DataFolderForeign | DataFolderCopied; readonly atWork: KnownFolder };

/** Only reads, in the database and on the disk. */
export async function folderStanding({
  sql,
  dataFolder,
}: Pick<Services, "sql" | "dataFolder">): Promise<FolderStanding> {
  const id = await dataFolder.id();
  const atWork = await folderAtWork(sql);
  if (atWork === null) return { state: "first", id };
  const own = { id, host: dataFolder.host, path: dataFolder.path };
  if (id === null || atWork.id !== id) return { state: "refused", fault: new DataFolderForeign(own, atWork), atWork };
  const fault = await copyOf({ dataFolder }, { ...own, id }, atWork);
  return fault === null ? { state: "own", id } : { state: "refused", fault, atWork };
}

/**
 * The fault to throw where this folder is a copy: the folder of its id is still at the path that the database knows. A
 * folder that was moved is not. Where this user may not read that path, it counts as a copy.
 */
export async function copyOf(
  { dataFolder }: Pick<Services, "dataFolder">,
  own: { readonly id: DataFolderId; readonly host: string; readonly path: string },
  known: KnownFolder,
): Promise<DataFolderCopied | null> {
  if (known.host !== own.host) return null;
  const isThere = await dataFolder.isAlsoAt(known.path);
  if (isThere === false) return null;
  const how = isThere ? `it is still at ${known.path}` : `this user can't look whether it is still at ${known.path}`;
  return new DataFolderCopied(own, known, how);
}

/** Throws when this folder may not work. Where another one works, this one is recorded, so that `doctor` there can show it. */
export async function needOwnFolder({ sql, dataFolder }: Pick<Services, "sql" | "dataFolder">): Promise<void> {
  const standing = await folderStanding({ sql, dataFolder });
  if (standing.state !== "refused") return;
  if (!(standing.fault instanceof DataFolderForeign)) throw standing.fault;
  const folder = await dataFolder.open();
  await noteFolder(sql, folder);
  throw new DataFolderForeign(folder, standing.atWork);
}

/** The fault that keeps this folder from working, returned and not thrown; null when it may work. */
export async function whyRefused(services: Pick<Services, "sql" | "dataFolder">): Promise<Fault | null> {
  try {
    await services.dataFolder.check();
    const standing = await folderStanding(services);
    return standing.state === "refused" ? standing.fault : null;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}
