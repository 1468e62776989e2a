import pg from "pg";
import { RightsMissing } from "../domain/faults/database.ts";
import { DatabaseUnavailable } from "../domain/faults/kernel.ts";
import { lifecycles, minutelyTasks } from "../domain/lifecycles.ts";
import { sessionStatement } from "../domain/session-settings.ts";
import { type Definitions, readDefinitions } from "./migrations/definitions.ts";
import { compareMigrations, type Migration, readMigrations } from "./migrations/files.ts";
import { type Installed, readInstalled } from "./migrations/installed.ts";
import { giveToOneOwner } from "./migrations/one-owner.ts";
import { programVersion } from "./migrations/program.ts";
import { claimQueueSchema, migrateQueue } from "./migrations/queue-schema.ts";
import { refuseForeign, refuseOlderDefinitions, refuseOlderWorkers } from "./migrations/refuse.ts";
import { writeLifecycles } from "./migrations/write-lifecycles.ts";

export interface MigrateOptions {
  /** FAIRLEAD_QUEUE_SCHEMA; undefined: the one that the database has, or the usual one. */
  readonly queueSchema?: string | undefined;
}

/**
 * Brings the queue's schema and the schema `fairlead` up to date and writes the lifecycles into Postgres: tables by
 * migrations, which go forward only, and then functions, triggers and views as they are now, if they have changed.
 * Any number of processes may call it at once: they wait in line for one lock, and the first does the work.
 * Returns the names of what was applied. Throws a Fault where the database is not this program's to change.
 */
export async function migrate(databaseUrl: string, { queueSchema }: MigrateOptions = {}): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "fairlead migrate" });
  // Without a listener, a connection that is lost while it idles would end the process; the next query says it as well.
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query(sessionStatement());
    await client.query("select pg_advisory_lock(hashtextextended('fairlead.migrate', 0))");
    const installed = await readInstalled(client);
    const files = await readMigrations();
    const compared = compareMigrations(files, installed.migrations);
    refuseForeign(compared);
    if (compared.pending.length > 0) await inTransaction(client, () => refuseOlderWorkers(client));
    const schema = await claimQueueSchema(client, installed, queueSchema);
    await giveToOneOwner(client, schema);
    const queue = await migrateQueue(client, databaseUrl, schema);
    const definitions = await readDefinitions(queue);
    refuseOlderDefinitions(installed, definitions);
    const applied = await inTransaction(client, async () => {
      if (compared.pending.length > 0) await refuseOlderWorkers(client);
      return await apply(client, { installed, pending: compared.pending, files, definitions, schema });
    });
    await client.query("select fairlead.notice_move()");
    if (compared.pending.length > 0) await startQueue(client);
    return applied;
  } catch (error) {
    throw faultOf(error);
  } finally {
    await client.end();
  }
}

function faultOf(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  if (error.code === "42501") return new RightsMissing(error.message);
  return error.code === "55P03" ? new DatabaseUnavailable(error) : error;
}

interface Work {
  readonly installed: Installed;
  readonly pending: readonly Migration[];
  readonly files: readonly Migration[];
  readonly definitions: Definitions;
  readonly schema: string;
}

/** Runs in one transaction, so that a worker which starts meanwhile finds either the old schema or the new one. */
async function apply(client: pg.Client, { installed, pending, files, definitions, schema }: Work): Promise<string[]> {
  if (!installed.schema) await client.query("create schema fairlead");
  if (installed.migrations.length === 0) {
    await client.query(`create table if not exists fairlead.migrations
      (id serial primary key, name varchar(255) not null, run_on timestamp not null)`);
  }
  for (const { name, before, text } of pending) {
    await client.query(`${before}\n${text}`);
    await client.query("insert into fairlead.migrations (name, run_on) values ($1, now())", [name]);
  }
  if (pending.length > 0) {
    await client.query(
      `update fairlead.migrations m set checksum = f.checksum
       from jsonb_to_recordset($1::jsonb) f(name text, checksum text) where m.name = f.name and m.checksum is null`,
      [JSON.stringify(files.map(({ name, checksum }) => ({ name, checksum })))],
    );
  }
  const differ = installed.installation?.definitions !== definitions.hash;
  if (differ) {
    await client.query(definitions.statements);
    await client.query(
      `insert into fairlead.installation (queue_schema, definitions, program) values ($1, $2, $3)
       on conflict (only_row) do update set definitions = excluded.definitions, program = excluded.program`,
      [schema, definitions.hash, programVersion],
    );
  }
  await writeLifecycles(client);
  return [...pending.map(({ name }) => name), ...(differ ? ["definitions"] : [])];
}

/**
 * Registers our tasks with the queue, and enqueues a job for everything that waits for one. graphile-worker inserts the name of a
 * task at its first use: a worker that starts while another session enqueues two kinds of tasks could insert them in another order,
 * which is a deadlock.
 */
async function startQueue(client: pg.Client): Promise<void> {
  const tasks = Object.values(lifecycles).flatMap(({ tasks }) => Object.values(tasks).flat());
  for (const task of [...tasks, ...minutelyTasks].sort()) {
    const key = `fairlead migrate ${task}`;
    await client.query("select fairlead.add_job($1, null, $2, now() + interval '1 day')", [task, key]);
    await client.query("select fairlead.remove_job($1)", [key]);
  }
  await client.query("select from fairlead.reconcile()");
}

async function inTransaction<Result>(client: pg.Client, work: () => Promise<Result>): Promise<Result> {
  await client.query("begin");
  const result = await work();
  await client.query("commit");
  return result;
}
