import type { DataFolderId, OpenFolder } from "../../domain/data-folder.ts";

/** Fairlead's data folder on this machine: mirrors, environments and, where it is embedded, the database. */
export interface DataFolder {
  /** FAIRLEAD_HOME, absolute. */
  readonly path: string;
  readonly host: string;
  /** True when the database lies in it, so that it can be no other folder's. */
  readonly holdsDatabase: boolean;
  /** Null as long as nothing has worked in it. Throws `DataFolderUnusable`. */
  id(): Promise<DataFolderId | null>;
  /** Opens it for work, and gives it an id the first time. Throws `DataFolderUnusable`, `DataFolderGone`. */
  open(): Promise<OpenFolder>;
  /** Throws `DataFolderGone` when it was opened for work and is not there any more: what isn't found then says nothing. */
  check(): Promise<void>;
  /** Whether a folder of this id lies at another place on this machine; null when we may not look there. */
  isAlsoAt(path: string): Promise<boolean | null>;
}
