import type { DataFolderId, OpenFolder } from "../../domain/data-folder.ts";

/** Fairlead's data folder on this machine: mirrors, environments and, where it is embedded, the database. */
export interface DataFolder {
  /** FAIRLEAD_HOME, absolute. */
  readonly path: string;
  readonly host: string;
  /** True when the database is in this folder, so that no other folder can have it. */
  readonly holdsDatabase: boolean;
  /** Null until it is opened for the first time. Throws `DataFolderUnusable`. */
  id(): Promise<DataFolderId | null>;
  /** Opens it for work, and gives it an id the first time. Throws `DataFolderUnusable`, `DataFolderGone`. */
  open(): Promise<OpenFolder>;
  /** Throws `DataFolderGone` when it was opened and is not there any more: then missing files in it mean nothing. */
  check(): Promise<void>;
  /** Whether the folder at a path is another one with this id; null when that path can't be read. */
  isAlsoAt(path: string): Promise<boolean | null>;
}
