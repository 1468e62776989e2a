import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { accountForPostgres } from "../../../src/providers/postgres/embedded/account.ts";
import { installedDistribution, reachableDistribution } from "../../../src/providers/postgres/embedded/binaries.ts";
import { run } from "../../../src/providers/postgres/embedded/run.ts";
import { findServer, stopServer } from "../../../src/providers/postgres/embedded/server.ts";
import type { Site } from "../../../src/providers/postgres/embedded/site.ts";
import { startServer } from "../../../src/providers/postgres/embedded/start-server.ts";
import { openPostgres } from "../../../src/providers/postgres/open-postgres.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { formerSchemas } from "../../support/postgres/former-schemas.ts";
import { newHome, query, removeHome } from "./homes.ts";

const timeout = 60_000;
const password = "0".repeat(48);
let home = "";
let site: Site;

/** A home as 0.3.0 made it: one role, `fairlead`, the superuser, who owns all that is there. */
beforeEach(async () => {
  home = await newHome();
  await mkdir(home, { recursive: true });
  await Promise.all([chmod(dirname(home), 0o711), chmod(home, 0o711)]);
  const shared = "/var/lib/fairlead";
  const account = await accountForPostgres(shared);
  const { folder } = await reachableDistribution(account, await installedDistribution(), shared);
  const bin = join(folder, "bin");
  await writeFile(join(home, "postgres-password"), `${password}\n`, { mode: 0o600 });
  const passwordFile = join(home, "for-initdb");
  await writeFile(passwordFile, password, { mode: 0o644 });
  const data = join(home, "postgres");
  if (account !== null) await run(null, "chown", [String(account.uid), home], 5_000);
  const args = ["--pgdata", data, "--username", "fairlead", "--pwfile", passwordFile, "--auth", "scram-sha-256"];
  const set = [
    "--set",
    "listen_addresses=127.0.0.1",
    "--set",
    "unix_socket_directories=",
    "--encoding",
    "UTF8",
    "--locale",
    "C",
  ];
  const made = await run(account, join(bin, "initdb"), [...args, ...set], timeout);
  expect(made.ok, made.output).toBe(true);
  if (account !== null) await run(null, "chown", ["0", home], 5_000);
  await rm(passwordFile);
  site = { home, account, bin, data, password, adminPassword: "", logFile: join(home, "postgres.log"), log: () => {} };
}, timeout);
afterEach(() => removeHome(home), timeout);

async function withFormer(work: (url: string) => Promise<void>): Promise<void> {
  expect((await startServer(site, AbortSignal.timeout(20_000))).state).toBe("started");
  const port = (await findServer(site))?.port;
  await work(`postgres://fairlead:${password}@127.0.0.1:${port}/`);
  await stopServer(site);
}

const own = `
  create schema "My things"; set search_path to "My things", public;
  create type mood as enum ('good', 'bad'); create domain small as int check (value < 10);
  create type pair as (a int, b int);
  create table t (id serial primary key, n int generated always as identity, mood mood, small small, pair pair);
  create table parts (a int) partition by list (a); create table part_one partition of parts for values in (1);
  create view v as select * from t; create materialized view m as select 1 as one; create sequence s;
  create function twice(a int) returns int language sql as 'select a * 2';
  create procedure nothing() language sql as 'select 1';
  create aggregate total(int) (sfunc = int4pl, stype = int);
  create table public.notes (text text);
  insert into t (mood, small) values ('good', 5); insert into public.notes values ('keep me')`;

/** What another role owns, of all that was made after initdb. */
const notOurs = `
  select pg_get_userbyid(owner) as owner, what from (
    select relowner, oid::regclass::text from pg_class where oid >= 16384
    union all select proowner, oid::regprocedure::text from pg_proc where oid >= 16384
    union all select typowner, oid::regtype::text from pg_type where oid >= 16384
    union all select nspowner, nspname::text from pg_namespace where oid >= 16384
    union all select datdba, datname::text from pg_database where datname = current_database()) o(owner, what)
  where pg_get_userbyid(owner) <> 'fairlead'`;

test("a cluster of 0.3.0 gets an ordinary role under the same address, which owns all that was in its database", {
  timeout,
}, async () => {
  await withFormer(async (url) => {
    await query(`${url}postgres`, "create database fairlead");
    const client = new pg.Client({ connectionString: `${url}fairlead` });
    await client.connect();
    await client.query(own);
    await client.end();
    await formerSchemas.at(-1)?.applyTo(`${url}fairlead`);
  });
  const postgres = await openPostgres({ home, databaseUrl: undefined });
  expect(new URL(postgres.url)).toMatchObject({ username: "fairlead", password });
  const roles = "select rolname as role, rolsuper as super from pg_roles where rolcanlogin order by 1";
  expect(await query(postgres.url, roles)).toEqual([
    { role: "fairlead", super: false },
    { role: "fairlead_admin", super: true },
  ]);
  expect(await query(postgres.url, notOurs)).toEqual([]);
  expect(await query(postgres.url, `select mood from "My things".v`)).toEqual([{ mood: "good" }]);
  await query(postgres.url, `alter table "My things".t add column more int; drop table public.notes`);
  expect(await migrate(postgres.url)).toContain("0005_installation");
  await expect(
    query(postgres.adminUrl?.replace(/:[0-9a-f]{48}@/, `:${password}@`) ?? "", "select 1"),
  ).rejects.toThrow();
  await postgres.close();
  // Once more, and nothing is left to do.
  const again = await openPostgres({ home, databaseUrl: undefined });
  expect(await migrate(again.url)).toEqual([]);
  await again.close();
});

test("a conversion that was cut off is continued by the next call", { timeout: 2 * timeout }, async () => {
  const steps = [
    // After its first step: the helper exists, with another password than the next call has.
    "create role fairlead_conversion superuser login password 'lost'",
    // A second superuser is no reason to take the cluster for a converted one.
    "create role other superuser",
  ];
  await withFormer(async (url) => {
    await query(`${url}postgres`, "create database fairlead");
    for (const step of steps) await query(`${url}postgres`, step);
  });
  const opened = await Promise.all([1, 2, 3].map(() => openPostgres({ home, databaseUrl: undefined })));
  for (const { url } of opened) expect(await query(url, "select 1 as one")).toEqual([{ one: 1 }]);
  const roles = await query(opened[0]?.url ?? "", "select rolname as role from pg_roles where rolcanlogin order by 1");
  expect(roles).toEqual([{ role: "fairlead" }, { role: "fairlead_admin" }]);
  // Before its last step: the roles exist, and the database has its former owner.
  await query(opened[0]?.adminUrl ?? "", "alter database fairlead owner to fairlead_admin");
  await query(opened[0]?.adminUrl ?? "", "create table public.late (a int)");
  await Promise.all(opened.map((postgres) => postgres.close()));
  const after = await openPostgres({ home, databaseUrl: undefined });
  expect(await query(after.url, notOurs)).toEqual([]);
  await after.close();
});

test("a password file that says another thing than the cluster converts nothing", { timeout }, async () => {
  await writeFile(join(home, "postgres-password"), `${"1".repeat(48)}\n`);
  await expect(openPostgres({ home, databaseUrl: undefined })).rejects.toMatchObject({ code: "POSTGRES_START_FAILED" });
  await writeFile(join(home, "postgres-password"), `${password}\n`);
  expect(await readFile(join(home, "postgres-password"), "utf8")).toBe(`${password}\n`);
  const postgres = await openPostgres({ home, databaseUrl: undefined });
  expect(await query(postgres.url, "select current_user::text as role")).toEqual([{ role: "fairlead" }]);
  await postgres.close();
});
