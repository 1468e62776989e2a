import { fileURLToPath } from "node:url";
import { Logger, runMigrations } from "graphile-worker";
import { runner } from "node-pg-migrate";
import pg from "pg";
import { lifecycles, movesFrom, statusesOf } from "../domain/lifecycles.ts";

const silentLogger = new Logger(() => () => {});
const migrationsFolder = fileURLToPath(new URL("../../migrations", import.meta.url));

/**
 * Brings the schemas `graphile_worker` and `fairlead` up to date and writes the lifecycles into Postgres.
 * Any number of processes may call it at once: they wait in line for one lock, and the first does the work.
 * Returns the names of the migrations that were applied.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "fairlead migrate" });
  await client.connect();
  try {
    await client.query("set client_min_messages = warning");
    await client.query("select pg_advisory_lock(hashtextextended('fairlead.migrate', 0))");
    await runMigrations({ connectionString: databaseUrl, logger: silentLogger });
    const applied = await runner({
      dbClient: client,
      dir: migrationsFolder,
      direction: "up",
      schema: "fairlead",
      createSchema: true,
      migrationsTable: "migrations",
      noLock: true, // ours is held, and waits where the library's own would fail
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    });
    await writeLifecycles(client);
    return applied.map(({ name }) => name);
  } finally {
    await client.end();
  }
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
