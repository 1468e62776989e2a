import { readFileSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";
import { Logger, runMigrations } from "graphile-worker";
import pg from "pg";

/** A schema that main once had; scripts/record-schemas.ts has written them down. */
export interface FormerSchema {
  readonly commit: string;
  readonly version: string;
  /** The names of its migrations. */
  readonly migrations: readonly string[];
  /** Makes a database what that program made of it: a new one, or one that an earlier program had migrated. */
  applyTo(databaseUrl: string): Promise<void>;
}

interface Recording {
  readonly texts: readonly string[];
  readonly schemas: readonly {
    readonly commit: string;
    readonly files: Readonly<Record<string, number>>;
    readonly rows: { readonly version: string; readonly statuses: object[]; readonly plans: object[] };
  }[];
}

const file = new URL("../../fixtures/schemas.json.br", import.meta.url);
const recording: Recording = JSON.parse(brotliDecompressSync(readFileSync(file)).toString());

/** All of them, the oldest first. */
export const formerSchemas: readonly FormerSchema[] = recording.schemas.map(({ commit, files, rows }) => {
  const names = Object.keys(files).sort();
  const textOf = (name: string) => recording.texts[files[name] ?? -1] ?? "";
  const isDefinition = (name: string) => name.startsWith("definitions/");
  const migrations = names.filter((name) => !isDefinition(name)).map((name) => name.replace(/\.sql$/, ""));
  const definitions = names.filter(isDefinition).map(textOf).join("\n");
  return {
    commit,
    version: rows.version,
    migrations,
    async applyTo(databaseUrl) {
      const client = new pg.Client({ connectionString: databaseUrl });
      await client.connect();
      try {
        await runMigrations({ connectionString: databaseUrl, logger: new Logger(() => () => {}) });
        await client.query("set client_min_messages = warning");
        await applyMigrations(client, new Map(migrations.map((name) => [name, textOf(`${name}.sql`)])));
        if (definitions !== "") await replaceDefinitions(client, definitions, commit);
        await client.query("truncate fairlead.statuses");
        await client.query(insertStatuses, [JSON.stringify(rows.statuses)]);
        if (rows.plans.length > 0) await registerPlans(client, rows.plans);
      } finally {
        await client.end();
      }
    },
  };
});

/** The text of a migration as the newest recorded schema has it. */
export function lastTextOf(migration: string): string | undefined {
  const place = recording.schemas.at(-1)?.files[`${migration}.sql`];
  return place === undefined ? undefined : recording.texts[place];
}

/** As node-pg-migrate did it. */
async function applyMigrations(client: pg.Client, texts: ReadonlyMap<string, string>): Promise<void> {
  await client.query("create schema if not exists fairlead");
  await client.query(`create table if not exists fairlead.migrations
    (id serial primary key, name varchar(255) not null, run_on timestamp not null)`);
  const { rows } = await client.query<{ name: string }>("select name from fairlead.migrations");
  const there = new Set(rows.map(({ name }) => name));
  for (const [name, text] of texts) {
    if (there.has(name)) continue;
    await client.query(`begin; ${text};
      insert into fairlead.migrations (name, run_on) values (${client.escapeLiteral(name)}, now()); commit`);
  }
}

async function replaceDefinitions(client: pg.Client, definitions: string, commit: string): Promise<void> {
  await client.query(`${definitions}
    insert into fairlead.definitions (hash) values ('${commit}') on conflict (only_row) do update set hash = excluded.hash`);
}

const insertStatuses = `
  insert into fairlead.statuses (entity, status, position, initial, moves, tasks)
  select entity, status, position, initial, array(select jsonb_array_elements_text(moves)),
    array(select jsonb_array_elements_text(tasks))
  from jsonb_to_recordset($1::jsonb) as d(entity text, status text, position int, initial boolean, moves jsonb, tasks jsonb)`;

/** In every version the row says at least this much of a plan. */
async function registerPlans(client: pg.Client, plans: object[]): Promise<void> {
  await client.query(
    `insert into fairlead.plans (plan_id, hash, version, document, registered_at)
     select p."planId", p.hash, p.version, p.document, now()
     from jsonb_to_recordset($1::jsonb) as p("planId" text, hash text, version text, document jsonb)
     on conflict (plan_id, hash) do nothing`,
    [JSON.stringify(plans)],
  );
  const { rowCount } = await client.query(`select from information_schema.columns
    where table_schema = 'fairlead' and table_name = 'plans' and column_name = 'built_in'`);
  if (rowCount === 1) await client.query("update fairlead.plans set built_in = true");
}
