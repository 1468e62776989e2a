import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type pg from "pg";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { migrate } from "../../src/store/migrate.ts";
import { connect } from "../../src/store/sql.ts";
import { type EmptyDatabase, emptyDatabase } from "../support/database.ts";
import { catalogueOf } from "../support/postgres/catalogue.ts";
import { sessionAt } from "../support/postgres/logins.ts";
import { makeWorld, write } from "../support/world.ts";

let database: EmptyDatabase;
beforeEach(async () => {
  database = await emptyDatabase();
  // After all that the test itself has to end.
  onTestFinished(() => database.drop());
});

/** A session of another application, with the database's own settings. */
const neighbour = () => sessionAt(database.url);

/** The tables and functions of an earlier graphile-worker, by its own migrations: 14 is what 0.14 had, 16 came with 0.15. */
async function installGraphileWorker(client: pg.Client, schema: string, revision: number): Promise<void> {
  const folder = createRequire(import.meta.url)
    .resolve("graphile-worker")
    .replace(/dist.*/, "sql/");
  await client.query(`create schema ${schema};
    create table ${schema}.migrations (id int primary key, ts timestamptz default now() not null, breaking boolean not null default false)`);
  for (let id = 1; id <= revision; id += 1) {
    const text = await readFile(`${folder}${String(id).padStart(6, "0")}.sql`, "utf8");
    await client.query(text.replaceAll(":GRAPHILE_WORKER_SCHEMA", schema));
    await client.query(`insert into ${schema}.migrations (id) values ($1)`, [id]);
  }
}

const jobsAt = (revision: number) => (revision < 16 ? "jobs" : "_private_jobs");

test.each([10, 14, 18, 20])(
  "a graphile-worker of another app at revision %d stays as it is, jobs and all",
  async (revision) => {
    const client = await neighbour();
    await installGraphileWorker(client, "graphile_worker", revision);
    // Tasks and keys as ours, and a job that one of its workers has locked.
    const add = "select graphile_worker.add_job($1, payload => '{}'::json, job_key => $2)";
    for (const task of ["provision", "merge", "cleanup", "reconcile"]) await client.query(add, [task, `their ${task}`]);
    await client.query(add, ["reconcile", "reconcile"]);
    const table = `graphile_worker.${jobsAt(revision)}`;
    await client.query(
      `update ${table} set locked_by = 'theirs', locked_at = now() - interval '1 hour' where key = 'their merge'`,
    );
    const jobs = async () => (await client.query(`select j.* from ${table} j order by j.id`)).rows;
    const sql = connect(database.url, { max: 1 });
    onTestFinished(() => sql.end());
    const before = [await jobs(), await catalogueOf(sql, "graphile_worker")];
    await migrate(database.url);

    const world = await makeWorld({}, database.migrated());
    onTestFinished(() => world.close());
    await world.workspace("shop", await world.repository(), [[write("f", "x")]]);
    await world.startWorker();
    const id = await world.request("shop", "Write");
    await world.reaches(id, "deployed");
    await world.database.sql`select fairlead.approve_change(${id}, 'ann')`;
    await world.cleaned(id);
    expect([await jobs(), await catalogueOf(sql, "graphile_worker")]).toEqual(before);
    const { rows } = await client.query("select max(id) as revision from graphile_worker.migrations");
    expect(rows).toEqual([{ revision }]);
  },
);

test("workers of another graphile-worker are not told of our migrations, so they don't stop", async () => {
  const client = await neighbour();
  const heard: string[] = [];
  client.on("notification", ({ channel }) => heard.push(channel));
  await client.query('listen "worker:migrate"; listen "end of test"');
  await migrate(database.url);
  await client.query("select pg_notify('end of test', '')");
  await client.query("select");
  expect(heard).toEqual(["end of test"]);
});

test("a worker of ours does not stop when another graphile-worker is migrated", async () => {
  await migrate(database.url);
  const world = await makeWorld({}, database.migrated());
  onTestFinished(() => world.close());
  const { sql } = world.database;
  await world.startWorker();
  const workers = () => sql`select id from fairlead.workers`;
  const before = await workers();
  await sql`select pg_notify('worker:migrate', '{"migrationNumber": 21, "breaking": true}')`;
  await world.workspace("shop", await world.repository(), [[write("f", "x")]]);
  await world.reaches(await world.request("shop", "Write"), "deployed");
  expect(await workers()).toEqual(before);
  expect(process.exitCode).toBeUndefined();
});

test.each(["fairlead_worker", "jobs_2", "select"])(
  "the queue may be in any schema of its own, such as %s",
  async (queueSchema) => {
    await migrate(database.url, { queueSchema });
    expect(await migrate(database.url)).toEqual([]);
    const world = await makeWorld({}, database.migrated());
    onTestFinished(() => world.close());
    await world.workspace("shop", await world.repository(), [[write("f", "x")]]);
    await world.startWorker();
    await world.reaches(await world.request("shop", "Write"), "deployed");
    const { sql } = world.database;
    const schemas = await sql<{ name: string }[]>`
    select nspname as name from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' order by 1`;
    expect(schemas.map(({ name }) => name)).toEqual(["fairlead", queueSchema, "public"].sort());
    expect(await sql`select from ${sql(queueSchema)}._private_tasks where identifier = 'provision'`).toHaveLength(1);
  },
);

test("another setting than the database's is refused, and changes nothing", async () => {
  await migrate(database.url, { queueSchema: "one" });
  await expect(migrate(database.url, { queueSchema: "two" })).rejects.toMatchObject({ code: "QUEUE_ELSEWHERE" });
  const client = await neighbour();
  expect((await client.query("select from pg_namespace where nspname = 'two'")).rowCount).toBe(0);
});

test.each([
  ["that another app's graphile-worker is in", (client: pg.Client) => installGraphileWorker(client, "taken", 18)],
  ["with a table in it", (client: pg.Client) => client.query("create schema taken; create table taken.t (a int)")],
  [
    "with a function in it",
    (client: pg.Client) =>
      client.query("create schema taken; create function taken.f() returns int language sql as 'select 1'"),
  ],
])("a schema %s is not made ours", async (_what, fill) => {
  const client = await neighbour();
  await fill(client);
  const sql = connect(database.url, { max: 1 });
  onTestFinished(() => sql.end());
  const before = await catalogueOf(sql, "taken");
  await expect(migrate(database.url, { queueSchema: "taken" })).rejects.toMatchObject({ code: "QUEUE_SCHEMA_TAKEN" });
  expect(await catalogueOf(sql, "taken")).toEqual(before);
  expect(await sql`select from pg_namespace where nspname = 'fairlead'`).toEqual([]);
});

test("a migration that was cut off after the queue's schema had been made is taken up again", async () => {
  const client = await neighbour();
  // A migration after that of the queue fails, because its table exists.
  await client.query("create schema fairlead; create table fairlead.plans (a int)");
  await expect(migrate(database.url)).rejects.toThrow(/already exists/);
  expect((await client.query("select from pg_namespace where nspname = 'fairlead_worker'")).rowCount).toBe(1);
  await client.query("drop table fairlead.plans");
  await migrate(database.url);
  expect(await migrate(database.url)).toEqual([]);
});
