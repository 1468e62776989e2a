import { fileURLToPath } from "node:url";
import { Logger, runMigrations } from "graphile-worker";
import { runner } from "node-pg-migrate";
import pg from "pg";
import { lifecycles, minutelyTasks, movesFrom, statusesOf } from "../domain/lifecycles.ts";
import { readDefinitions } from "./definitions.ts";
import { openQueuePool } from "./queue-pool.ts";

const silentLogger = new Logger(() => () => {});
const migrationsFolder = fileURLToPath(new URL("../../migrations", import.meta.url));

/**
 * Brings the schemas `graphile_worker` and `fairlead` up to date and writes the lifecycles into Postgres: tables by
 * migrations, which go forward only, and then functions, triggers and views as they are now, if they have changed.
 * Any number of processes may call it at once: they wait in line for one lock, and the first does the work.
 * Returns the names of what was applied.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "fairlead migrate" });
  // Without a listener, a connection that is lost while it idles would end the process; the next query says it as well.
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query("set client_min_messages = warning");
    await client.query("select pg_advisory_lock(hashtextextended('fairlead.migrate', 0))");
    await migrateQueue(databaseUrl);
    const applied = await runner({
      dbClient: client,
      dir: migrationsFolder,
      direction: "up",
      schema: "fairlead",
      createSchema: true,
      migrationsTable: "migrations",
      // Names may be missing: 0.1.0 kept in migrations what are definitions now.
      checkOrder: false,
      noLock: true, // ours is held, and waits where the library's own would fail
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    });
    const replaced = await replaceDefinitions(client);
    await writeLifecycles(client);
    if (applied.length > 0) await nameTasks(client);
    return [...applied.map(({ name }) => name), ...replaced];
  } finally {
    await client.end();
  }
}

async function migrateQueue(databaseUrl: string): Promise<void> {
  const queue = openQueuePool(databaseUrl, { max: 1, onError: () => {} });
  try {
    await runMigrations({ pgPool: queue.pool, logger: silentLogger });
  } finally {
    await queue.close();
  }
}

async function replaceDefinitions(client: pg.Client): Promise<string[]> {
  const { statements, hash } = await readDefinitions();
  const there = await client.query<{ hash: string }>("select hash from fairlead.definitions");
  if (there.rows[0]?.hash === hash) return [];
  // Sent as one message, and so one transaction: there is no moment with half of them.
  const literal = client.escapeLiteral(hash);
  await client.query(`${statements}
    insert into fairlead.definitions (hash) values (${literal}) on conflict (only_row) do update set hash = excluded.hash`);
  return ["definitions"];
}

async function writeLifecycles(client: pg.Client): Promise<void> {
  const rows = Object.entries(lifecycles).flatMap(([entity, lifecycle]) =>
    statusesOf<string>(lifecycle).map((status, position) => ({
      entity,
      status,
      position,
      initial: status === lifecycle.initial,
      moves: movesFrom<string>(lifecycle, status),
      tasks: (lifecycle.tasks as Record<string, readonly string[]>)[status] ?? [],
    })),
  );
  await client.query(
    `with declared as (
       select d.entity, d.status, d.position, d.initial,
         array(select jsonb_array_elements_text(d.moves)) as moves, array(select jsonb_array_elements_text(d.tasks)) as tasks
       from jsonb_to_recordset($1::jsonb)
         as d(entity text, status text, position int, initial boolean, moves jsonb, tasks jsonb)
     ), gone as (
       delete from fairlead.statuses s where not exists (
         select from declared d where d.entity = s.entity and d.status = s.status)
     )
     insert into fairlead.statuses (entity, status, position, initial, moves, tasks)
     select entity, status, position, initial, moves, tasks from declared
     on conflict (entity, status) do update set position = excluded.position, initial = excluded.initial,
       moves = excluded.moves, tasks = excluded.tasks`,
    [JSON.stringify(rows)],
  );
}

/**
 * Makes the queue know our tasks. It learns a name when it first sees it, and a worker that starts on a new database
 * while somebody enqueues two kinds of tasks would learn them in another order: a deadlock.
 */
async function nameTasks(client: pg.Client): Promise<void> {
  const tasks = Object.values(lifecycles).flatMap(({ tasks }) => Object.values(tasks).flat());
  for (const task of [...tasks, ...minutelyTasks].sort()) {
    const key = `fairlead migrate ${task}`;
    await client.query("select graphile_worker.add_job($1, job_key => $2, run_at => now() + interval '1 day')", [
      task,
      key,
    ]);
    await client.query("select graphile_worker.remove_job($1)", [key]);
  }
}
