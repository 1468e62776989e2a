import type { DataFolderId, KnownFolder } from "../../domain/data-folder.ts";
import { DataFolderCopied, DataFolderForeign } from "../../domain/faults/data-folders.ts";
import { folderAtWork } from "../../store/data-folders.ts";
import type { Services } from "../services.ts";

/** How this data folder stands to the one that works on the database. */
export type FolderStanding =
  | { readonly state: "own"; readonly id: DataFolderId }
  /** No folder has begun to work yet: the first that starts becomes the one. */
  | { readonly state: "first"; readonly id: DataFolderId | null }
  | { readonly state: "refused"; readonly fault: DataFolderForeign | DataFolderCopied; readonly atWork: KnownFolder };

/** Looks, and changes nothing: neither in the database nor on the disk. */
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

/** A folder that was copied is still where it was; one that was moved is not. Not to be allowed to look proves nothing. */
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

/** Throws for a command that would do change work in a folder that may not. */
export async function needOwnFolder(services: Pick<Services, "sql" | "dataFolder">): Promise<void> {
  const standing = await folderStanding(services);
  if (standing.state === "refused") throw standing.fault;
}
