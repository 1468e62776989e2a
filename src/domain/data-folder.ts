import type { Id } from "./ids.ts";

/** The id of a data folder, made once and stored in it, so that it stays the same when the folder is moved. */
export type DataFolderId = Id<"dataFolder">;

/** A data folder as the database knows it, with the path that it had when it was last opened for work. */
export interface KnownFolder {
  readonly id: DataFolderId;
  readonly host: string;
  readonly path: string;
  readonly userName: string;
  readonly lastSeenAt: Date;
}

/** A data folder on this machine, opened for work. */
export interface OpenFolder {
  readonly id: DataFolderId;
  readonly host: string;
  /** Absolute, without symbolic links. */
  readonly path: string;
  readonly userName: string;
  /** Identifies one boot of one machine, and the container in it. */
  readonly machine: string;
}
