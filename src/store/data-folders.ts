import type { DataFolderId, KnownFolder, OpenFolder } from "../domain/data-folder.ts";
import type { EnvironmentId } from "../domain/ids.ts";
import { programVersion } from "./migrations/program.ts";
import type { Sql } from "./sql.ts";
import type { WorkerId } from "./workers.ts";

const columns = ["id", "host", "path", "userName", "lastSeenAt"] as const;

/** The folder that works on the database; null until one does. */
export async function folderAtWork(sql: Sql): Promise<KnownFolder | null> {
  const rows = await sql<KnownFolder[]>`
    select ${sql(columns)} from fairlead.data_folders where id = (select data_folder from fairlead.settings)`;
  return rows[0] ?? null;
}

export async function findFolder(sql: Sql, id: DataFolderId): Promise<KnownFolder | null> {
  const rows = await sql<KnownFolder[]>`select ${sql(columns)} from fairlead.data_folders where id = ${id}`;
  return rows[0] ?? null;
}

/** Every folder that works, has worked or was refused on this database; the one seen last first. */
export async function listFolders(sql: Sql, limit: number): Promise<(KnownFolder & { readonly atWork: boolean })[]> {
  return sql<(KnownFolder & { readonly atWork: boolean })[]>`
    select ${sql(columns)}, id = (select data_folder from fairlead.settings) is true as at_work
    from fairlead.data_folders order by last_seen_at desc limit ${limit}`;
}

/** The answer of `fairlead.enlist_worker()`, which explains `standing`; `other…` is the folder or worker for which it refuses. */
export interface Standing {
  readonly standing: "own" | "foreign" | "busy" | "unclaimed";
  readonly otherId: DataFolderId | null;
  readonly otherHost: string | null;
  readonly otherPath: string | null;
  readonly otherUser: string | null;
  readonly otherPid: number | null;
  readonly otherSeenAt: Date | null;
  /** How many environments have no data folder on record. */
  readonly missing: number | null;
  /** The folder's former path, if it was moved since it was last opened. */
  readonly movedFrom: string | null;
}

export interface Enlisting {
  readonly worker: { readonly id: WorkerId; readonly pid: number };
  readonly folder: OpenFolder;
  /** The environments on its disk. */
  readonly found: readonly EnvironmentId[];
  /** True when the database lies in the folder. */
  readonly holdsDatabase: boolean;
}

/** Registers a worker if its folder is the one that works, or the first: of several that try at once, one becomes it. */
export async function enlistWorker(sql: Sql, { worker, folder, found, holdsDatabase }: Enlisting): Promise<Standing> {
  const { id, host, path, userName, machine } = folder;
  const [row] = await sql<Standing[]>`
    select standing, other_id, other_host, other_path, other_user, other_pid, other_seen_at, missing, moved_from
    from fairlead.enlist_worker(${worker.id}, ${worker.pid}, ${programVersion}, ${machine}, ${id}, ${host}, ${path}, ${userName},
      ${[...found] as string[]}::text[], ${holdsDatabase})`;
  if (row === undefined) throw new Error("fairlead.enlist_worker() returned no row");
  return row;
}

/** Records where a folder is, for `doctor` and `data-folder ls`: one that may not work here, or that was moved. */
export async function noteFolder(sql: Sql, { id, host, path, userName }: OpenFolder): Promise<void> {
  await sql`select fairlead.note_data_folder(${id}, ${host}, ${path}, ${userName})`;
}

/** Records that the folder still works: a take-over from another machine is refused for five minutes after that. */
export async function noteFolderSeen(sql: Sql, id: DataFolderId): Promise<void> {
  await sql`
    update fairlead.data_folders set last_seen_at = clock_timestamp()
    where id = ${id} and last_seen_at < clock_timestamp() - interval '30 seconds'`;
}

/** Records that an environment is about to be made in a folder. False when it may not be made there. */
export async function placeEnvironment(sql: Sql, id: EnvironmentId, folder: DataFolderId): Promise<boolean> {
  const [row] = await sql<{ placed: boolean }[]>`select fairlead.place_environment(${id}, ${folder}) as placed`;
  return row?.placed === true;
}

/** Terminates an environment that lies in another folder: only its row. */
export async function leaveBehind(
  sql: Sql,
  seen: { readonly id: EnvironmentId; readonly version: number },
): Promise<boolean> {
  const [row] = await sql<{ left: boolean }[]>`select fairlead.leave_behind(${seen.id}, ${seen.version}) as left`;
  return row?.left === true;
}

export interface TakenOver {
  readonly refusal: "in use" | "seen lately" | null;
  readonly otherHost: string | null;
  readonly otherPath: string | null;
  readonly otherPid: number | null;
  readonly otherSeenAt: Date | null;
  /** How many changes begin again, and how many runs have failed, because they were worked on elsewhere. */
  readonly changes: number | null;
  readonly runs: number | null;
}

/** Makes a folder the one that works, and gives up the changes and runs of other folders. */
export async function takeOverFolder(
  sql: Sql,
  { folder, found, sure }: Pick<Enlisting, "folder" | "found"> & { readonly sure: boolean },
): Promise<TakenOver> {
  const [row] = await sql<TakenOver[]>`
    select refusal, other_host, other_path, other_pid, other_seen_at, changes, runs
    from fairlead.take_over_data_folder(${folder.id}, ${sure}, ${folder.host}, ${folder.path}, ${folder.userName},
      ${[...found] as string[]}::text[])`;
  if (row === undefined) throw new Error("fairlead.take_over_data_folder() returned no row");
  return row;
}
