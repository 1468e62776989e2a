import { Fault } from "../fault.ts";

/** The database has migrations, definitions or a queue that this program doesn't know. */
export class DatabaseNewer extends Fault {
  readonly code = "DATABASE_NEWER";
  readonly kind = "conflict";

  constructor(found: string, program: string) {
    super(
      `This database was migrated by a newer Fairlead (it has ${found}; this is ${program}). Run that version. To go ` +
        "back to this one, restore a backup that was made before the upgrade: docs/backup.md.",
      { found, program },
    );
  }
}

/** A migration's file differs from the text that was applied. */
export class MigrationChanged extends Fault {
  readonly code = "MIGRATION_CHANGED";
  readonly kind = "conflict";

  constructor(names: readonly string[]) {
    super(
      `The migration ${names.join(", ")} was changed after it had been applied to this database, so the database may lack ` +
        "what this program needs. Restore the file as it was released (git checkout, or npm ci of a release), and put " +
        "what it should do besides into a new migration.",
      { names },
    );
  }
}

/** A worker of an older program is at work in a database that is to be migrated. */
export class OlderWorkerAlive extends Fault {
  readonly code = "OLDER_WORKER_ALIVE";
  readonly kind = "conflict";

  constructor(workers: readonly { host: string; pid: number }[]) {
    super(
      `This database needs a migration, and a worker of an older Fairlead uses it: ${workers
        .map(({ host, pid }) => `process ${pid} on host ${host}`)
        .join(", ")}. Stop it (Ctrl-C or SIGTERM; what is under way goes on afterwards), then run this again.`,
      { workers },
    );
  }
}

/** FAIRLEAD_QUEUE_SCHEMA names another schema than the one that the database has its queue in. */
export class QueueElsewhere extends Fault {
  readonly code = "QUEUE_ELSEWHERE";
  readonly kind = "conflict";

  constructor(wanted: string, there: string) {
    super(
      `FAIRLEAD_QUEUE_SCHEMA is ${wanted}, and the queue of this database is in the schema ${there}. ` +
        `Set it to ${there}, or leave it out: it is chosen once, when a database is migrated for the first time.`,
      { wanted, there },
    );
  }
}

/** The schema that is to hold the queue exists and is not one that Fairlead has made. */
export class QueueSchemaTaken extends Fault {
  readonly code = "QUEUE_SCHEMA_TAKEN";
  readonly kind = "conflict";

  constructor(schema: string) {
    super(
      `The schema ${schema} is in use by something else, and Fairlead's queue needs a schema of its own. ` +
        "Set FAIRLEAD_QUEUE_SCHEMA to a name that is free.",
      { schema },
    );
  }
}

/** The role lacks a right. */
export class RightsMissing extends Fault {
  readonly code = "RIGHTS_MISSING";
  readonly kind = "unavailable";

  constructor(why: string) {
    super(
      `The role of DATABASE_URL may not do what Fairlead needs: ${why}. Connect as the role that owns its tables; for a ` +
        "new database, let an administrator run: grant create on database … to …. docs/sql.md says what is needed.",
      { why },
    );
  }
}
