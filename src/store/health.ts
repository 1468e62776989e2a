import { readdir } from "node:fs/promises";
import { readDefinitions } from "./definitions.ts";
import type { Sql } from "./sql.ts";

const migrationsFolder = new URL("../../migrations/", import.meta.url);

export async function serverVersion(sql: Sql): Promise<string> {
  const [row] = await sql<{ version: string }[]>`select current_setting('server_version') as version`;
  return row?.version ?? "unknown";
}

/** The migrations that this code has and this database does not, in order; `definitions` where only those differ. */
export async function pendingMigrations(sql: Sql): Promise<string[]> {
  const files = await readdir(migrationsFolder);
  const names = files.filter((file) => file.endsWith(".sql")).map((file) => file.slice(0, -".sql".length));
  const [there] = await sql<{ table: string | null }[]>`select to_regclass('fairlead.migrations')::text as table`;
  if (there?.table == null) return names.sort();
  const applied = new Set(
    (await sql<{ name: string }[]>`select name from fairlead.migrations`).map(({ name }) => name),
  );
  const pending = names.filter((name) => !applied.has(name)).sort();
  return pending.length > 0 || (await hasDefinitions(sql)) ? pending : ["definitions"];
}

async function hasDefinitions(sql: Sql): Promise<boolean> {
  const { hash } = await readDefinitions();
  const rows = await sql`select from fairlead.definitions where hash = ${hash}`;
  return rows.length === 1;
}

/** The ids of changes and environments that wait for a task and have no job that would run it, at most ten. */
export async function entitiesWithoutJob(sql: Sql): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select due.id from (
      select id from fairlead.change_requests where task is not null
      union all select id from fairlead.environments where task is not null
    ) due
    where not exists (select from graphile_worker.jobs j where j.key = due.id and j.attempts < j.max_attempts)
    order by due.id limit 10`;
  return rows.map(({ id }) => id);
}
