import type pg from "pg";
import type { Applied } from "./files.ts";

/** What a database already has of Fairlead. */
export interface Installed {
  /** False: not even the schema. */
  readonly schema: boolean;
  readonly migrations: readonly Applied[];
  /** Null before 0005, and in a new database. */
  readonly installation: {
    readonly queueSchema: string;
    readonly definitions: string;
    readonly program: string;
  } | null;
}

export async function readInstalled(client: pg.Client): Promise<Installed> {
  const [there] = (
    await client.query<{ schema: boolean; migrations: boolean; installation: boolean }>(`
      select exists (select from pg_namespace where nspname = 'fairlead') as schema,
        exists (select from pg_tables where schemaname = 'fairlead' and tablename = 'migrations') as migrations,
        exists (select from pg_tables where schemaname = 'fairlead' and tablename = 'installation') as installation`)
  ).rows;
  const migrations = there?.migrations
    ? // As JSON: there may be no column for the checksum yet.
      (await client.query<{ row: Applied }>("select to_jsonb(m) as row from fairlead.migrations m order by m.id")).rows
    : [];
  const installation = there?.installation
    ? (
        await client.query<NonNullable<Installed["installation"]>>(
          `select queue_schema as "queueSchema", definitions, program from fairlead.installation`,
        )
      ).rows[0]
    : undefined;
  return {
    schema: there?.schema === true,
    migrations: migrations.map(({ row }) => row),
    installation: installation ?? null,
  };
}
