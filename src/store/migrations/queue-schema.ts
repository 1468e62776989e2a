import { Logger, runMigrations } from "graphile-worker";
import type pg from "pg";
import { QueueElsewhere, QueueSchemaTaken } from "../../domain/faults/database.ts";
import { openQueuePool } from "../queue-pool.ts";
import type { Queue } from "./definitions.ts";
import type { Installed } from "./installed.ts";

const defaultQueueSchema = "fairlead_worker";

/** By this we know a schema that we have made, also where what followed was cut off. */
const note = "The queue of Fairlead, whose tables are in the schema fairlead.";
const silentLogger = new Logger(() => () => {});

/** The schema that the queue is in, or is to be in; made if it isn't there. */
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
    // One message, and so one transaction: there is none of ours without its note. graphile-worker would make the table
    // together with the schema, and for that it needs a right on the database, also where the schema is there.
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
      // Our view of the jobs stands in the way of a change; it is made anew with the other definitions.
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
