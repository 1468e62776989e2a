import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../src/store/sql.ts";
import { type EmptyDatabase, emptyDatabase } from "../support/database.ts";

let database: EmptyDatabase;
let url: string;
beforeAll(async () => {
  database = await emptyDatabase();
  url = database.url;
});
afterAll(() => database.drop());

test("ten processes that start at once migrate once", async () => {
  const program = `const { migrate } = await import(${JSON.stringify(new URL("../../src/store/migrate.ts", import.meta.url).href)});
    console.log(JSON.stringify(await migrate(process.argv[1])));`;
  const runs = await Promise.all(
    Array.from({ length: 10 }, () => execa(process.execPath, ["--input-type=module", "--eval", program, url])),
  );
  const applied = runs.map(({ stdout }) => JSON.parse(stdout) as string[]).filter((names) => names.length > 0);
  expect(applied).toHaveLength(1);
  const sql = connect(url, { max: 1 });
  const rows = await sql<{ name: string }[]>`select name from fairlead.migrations order by id`;
  await sql.end();
  expect([...rows.map((row) => row.name), "definitions"]).toEqual(applied[0]);
});

test("everything of ours lives in the schema fairlead and the one of its queue", async () => {
  const sql = connect(url, { max: 1 });
  const rows = await sql<{ schema: string }[]>`
    select distinct n.nspname as schema from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname not like 'pg_%' and n.nspname <> 'information_schema' order by 1`;
  await sql.end();
  expect(rows.map(({ schema }) => schema)).toEqual(["fairlead", "fairlead_worker"]);
});
