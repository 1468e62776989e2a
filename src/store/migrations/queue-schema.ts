import { Logger, runMigrations } from "graphile-worker";
import type pg from "pg";
import { QueueElsewhere, QueueSchemaTaken } from "../../domain/faults/database.ts";
import { openQueuePool } from "../queue-pool.ts";
import type { Queue } from "./definitions.ts";
import type { Installed } from "./installed.ts";

const defaultQueueSchema = "fairlead_worker";

/** The comment by which a schema that we have created is recognised, also after an interrupted migration. */
const note = "The queue of Fairlead, whose tables are in the schema fairlead.";
const silentLogger = new Logger(() => () => {});

/** The queue's schema; created if it does not exist. Throws `QueueElsewhere`, `QueueSchemaTaken`. */
export async function claimQueueSchema(
  client: pg.Client,
  { installation }: Installed,
  wanted: string | undefined,
): Promise<string> {
  if (installation !== null) {
    if (wanted !== undefined && wanted !== installation.queueSchema) {
      throw new QueueElsewhere(wanted, installation.queueSchema);
    }
    return installation.queueSchema;
  }
  const name = wanted ?? defaultQueueSchema;
  const quoted = client.escapeIdentifier(name);
  const { rows } = await client.query<{ ours: boolean; empty: boolean }>(
    `select obj_description(n.oid, 'pg_namespace') is not distinct from $2 as ours,
       not exists (select from pg_class c where c.relnamespace = n.oid)
         and not exists (select from pg_proc p where p.pronamespace = n.oid) as empty
     from pg_namespace n where n.nspname = $1`,
    [name, note],
  );
  const [there] = rows;
  if (there !== undefined && !there.ours && !there.empty) throw new QueueSchemaTaken(name);
  if (there?.ours !== true) {
    // One message, and so one transaction: the schema never exists without its comment. The table is created here because
    // graphile-worker would run `create schema if not exists` with it, which needs a right on the database even if the schema exists.
    await client.query(`${there === undefined ? `create schema ${quoted};` : ""}
      create table ${quoted}.migrations (id int primary key, ts timestamptz default now() not null,
        breaking boolean not null default false);
      comment on schema ${quoted} is ${client.escapeLiteral(note)}`);
  }
  return name;
}

/** Brings graphile-worker's tables and functions in a schema of ours up to date. */
export async function migrateQueue(client: pg.Client, databaseUrl: string, schema: string): Promise<Queue> {
  const queue = openQueuePool(databaseUrl, { max: 1, onError: () => {} });
  const run = () => runMigrations({ pgPool: queue.pool, logger: silentLogger, schema });
  try {
    await run().catch(async (error: unknown) => {
      if (!isDependency(error)) throw error;
      // Our view fairlead.jobs depends on a column that changes. The definitions create it again.
      await client.query("drop view fairlead.jobs");
      await run();
    });
  } finally {
    await queue.close();
  }
  const { rows } = await client.query<{ revision: number }>(
    `select max(id) as revision from ${client.escapeIdentifier(schema)}.migrations`,
  );
  return { schema, revision: rows[0]?.revision ?? 0 };
}

/** SQLSTATE 2BP01: other objects depend on it; 0A000: the type of a column that a view uses. */
function isDependency(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["2BP01", "0A000"].includes(String(error.code));
}
