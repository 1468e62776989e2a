import type { Id } from "./ids.ts";

/** A data folder's name, made once and kept in it: it stays the same wherever the folder is moved. */
export type DataFolderId = Id<"dataFolder">;

/** A data folder as the database knows it: where it was when it was last opened for work. */
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
  /** Tells one start of one machine, and in it one container, from every other. */
  readonly machine: string;
}
