import { Fault } from "../fault.ts";

interface Place {
  readonly host: string;
  readonly path: string;
}

interface Known extends Place {
  readonly id: string;
  readonly userName: string;
  readonly lastSeenAt: Date;
}

const takeOver = "`fairlead data-folder take-over`";

/** Another data folder works on this database, and its environments can't be seen from here. */
export class DataFolderForeign extends Fault {
  readonly code = "DATA_FOLDER_FOREIGN";
  readonly kind = "conflict";

  constructor(own: Place & { readonly id: string | null }, other: Known) {
    super(
      `the data folder ${own.path} on ${own.host} (${own.id ?? "new"}) is not the one that works on this database: that is ` +
        `${other.path} on ${other.host} (${other.id}, of user ${other.userName}, last seen ${other.lastSeenAt.toISOString()}). ` +
        "Work there, with FAIRLEAD_HOME as it is there; or set DATABASE_URL to another database, or unset it. If that " +
        `folder was here, see whether a disk is not mounted. Only if it is gone for good: ${takeOver}.`,
      { own: { ...own }, other: { ...other } },
    );
  }
}

/** Two data folders have one id, so one is a copy: the folder is also at its former path, or a worker uses it elsewhere. */
export class DataFolderCopied extends Fault {
  readonly code = "DATA_FOLDER_COPIED";
  readonly kind = "conflict";

  constructor(own: Place & { readonly id: string }, other: Place, how: string) {
    super(
      `the data folder ${own.path} on ${own.host} is a copy, or has one: ${how}, under the same id ${own.id}, and two would do ` +
        `the same work twice. Work in that one, or stop it and remove it. To go on here and not there: ${takeOver}.`,
      { own: { ...own }, other: { ...other } },
    );
  }
}

/** The database is from before data folders had ids, and none of its environments is in this folder. */
export class DataFolderUnclaimed extends Fault {
  readonly code = "DATA_FOLDER_UNCLAIMED";
  readonly kind = "conflict";

  constructor(own: Place, missing: number) {
    const environments = missing === 1 ? "an environment" : `${missing} environments`;
    super(
      `this database has ${environments} of an earlier version, and the data folder ${own.path} on ${own.host} has none of ` +
        "them. Start Fairlead once with the FAIRLEAD_HOME, and as the user, that it was started with before: that folder " +
        `becomes the database's. If it is gone for good: ${takeOver}.`,
      { own: { ...own }, missing },
    );
  }
}

/** The data folder was opened for work and is not at its path any more: moved, removed, or its disk was unmounted. */
export class DataFolderGone extends Fault {
  readonly code = "DATA_FOLDER_GONE";
  readonly kind = "unavailable";

  constructor(path: string) {
    super(
      `the data folder is not at ${path} any more. Mount its disk or move it back, and work goes on; or restart Fairlead ` +
        "with the FAIRLEAD_HOME where it is now. Until then its environments are left as they are.",
      { path },
    );
  }
}

export class DataFolderUnusable extends Fault {
  readonly code = "DATA_FOLDER_UNUSABLE";
  readonly kind = "unavailable";

  constructor(path: string, why: string, options?: ErrorOptions) {
    super(
      `the data folder ${path} can't be used: ${why}. Mend that, or set FAIRLEAD_HOME to another folder.`,
      { path },
      options,
    );
  }
}

/** A take-over while a worker is alive: that worker would go on in the folder that loses its work. */
export class DataFolderInUse extends Fault {
  readonly code = "DATA_FOLDER_IN_USE";
  readonly kind = "conflict";

  constructor(worker: { readonly host: string; readonly path: string | null; readonly pid: number | null }) {
    const where = worker.path === null ? "" : ` in ${worker.path}`;
    super(
      `a worker is at work on this database: process ${worker.pid} on ${worker.host}${where}. Stop it first; if its machine ` +
        "is gone, it counts as ended after half a minute.",
      { ...worker },
    );
  }
}

export class DataFolderSeenLately extends Fault {
  readonly code = "DATA_FOLDER_SEEN_LATELY";
  readonly kind = "conflict";

  constructor(other: Place, seen: string) {
    super(
      `the data folder ${other.path} on ${other.host} ${seen}. Taking over gives up what is worked on there and has not ` +
        "been pushed. If that is meant, add --yes.",
      { ...other },
    );
  }
}

/** Whether a fault says that this data folder can't be used now: then missing files in it mean nothing. */
export function isOfDataFolder(error: unknown): boolean {
  return [DataFolderForeign, DataFolderCopied, DataFolderGone, DataFolderUnusable].some(
    (kind) => error instanceof kind,
  );
}
