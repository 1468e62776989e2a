import { readDefinitions } from "../migrations/definitions.ts";
import { type Applied, compareMigrations, readMigrations } from "../migrations/files.ts";
import type { Sql } from "../sql.ts";

export async function serverVersion(sql: Sql): Promise<string> {
  const [row] = await sql<{ version: string }[]>`select current_setting('server_version') as version`;
  return row?.version ?? "unknown";
}

/** How the database's schema and this program's files differ, by names of migrations. */
export interface SchemaState {
  /** Not applied yet; `definitions` where only the functions, triggers and views differ. */
  readonly pending: readonly string[];
  /** Applied, and unknown to this program: it is older. */
  readonly unknown: readonly string[];
  /** Applied as another text than the file has now. */
  readonly changed: readonly string[];
}

export async function schemaState(sql: Sql): Promise<SchemaState> {
  const [there] = await sql<{ count: number }[]>`
    select count(*) as count from pg_tables where schemaname = 'fairlead' and tablename = 'migrations'`;
  const applied =
    there?.count === 1 ? await sql<{ row: Applied }[]>`select to_jsonb(m) as row from fairlead.migrations m` : [];
  const { pending, unknown, changed } = compareMigrations(
    await readMigrations(),
    applied.map(({ row }) => row),
  );
  const names = pending.map(({ name }) => name);
  if (names.length > 0 || unknown.length > 0 || (await hasDefinitions(sql)))
    return { pending: names, unknown, changed };
  return { pending: ["definitions"], unknown, changed };
}

async function hasDefinitions(sql: Sql): Promise<boolean> {
  const [installed] = await sql<{ queueSchema: string; definitions: string }[]>`
    select queue_schema, definitions from fairlead.installation`;
  if (installed === undefined) return false;
  const schema = installed.queueSchema;
  const [queue] = await sql<{ revision: number }[]>`select max(id) as revision from ${sql(schema)}.migrations`;
  const { hash } = await readDefinitions({ schema, revision: queue?.revision ?? 0 });
  return installed.definitions === hash;
}

/** The ids of changes and environments that wait for a task and have no job that would run it, at most ten. */
export async function entitiesWithoutJob(sql: Sql): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select due.id from (
      select id from fairlead.change_requests where task is not null
      union all select id from fairlead.environments where task is not null
    ) due
    where not exists (select from fairlead.jobs j where j.key = due.id and j.attempts < j.max_attempts)
    order by due.id limit 10`;
  return rows.map(({ id }) => id);
}
