import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { discardEmbedded } from "../../../src/providers/postgres/embedded/discard-embedded.ts";
import { openPostgres } from "../../../src/providers/postgres/open-postgres.ts";
import { eventually, hold, newHome, query, removeHome, serverOf, timesStarted } from "./homes.ts";

const timeout = 40_000;
let home = "";

beforeEach(async () => {
  home = await newHome();
});

afterEach(async () => {
  await removeHome(home);
}, timeout);

const open = (database?: string) =>
  openPostgres({ home, databaseUrl: undefined, ...(database === undefined ? {} : { database }) });

test("a home that doesn't exist yet gets a Postgres that keeps what it is told", { timeout }, async () => {
  const first = await open();
  expect(first.embedded).toBe(true);
  expect(first.url).toMatch(/^postgres:\/\/fairlead:[0-9a-f]{48}@127\.0\.0\.1:\d+\/fairlead$/);
  const [facts] = await query(
    first.url,
    `select current_setting('server_encoding') as encoding, current_setting('fsync') as fsync,
      current_setting('synchronous_commit') as commit, current_setting('listen_addresses') as address,
      current_setting('max_connections') as connections,
      (select datlocale from pg_database where datname = current_database()) as locale,
      (select rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls from pg_roles
        where rolname = current_user) as mighty,
      (select pg_get_userbyid(datdba) from pg_database where datname = current_database()) as owner`,
  );
  expect(facts).toEqual({
    ...{
      encoding: "UTF8",
      fsync: "on",
      commit: "on",
      address: "127.0.0.1",
      connections: "200",
      locale: "C.UTF-8",
    },
    ...{ mighty: false, owner: "fairlead" },
  });
  expect(await query(first.adminUrl ?? "", "show unix_socket_directories")).toEqual([{ unix_socket_directories: "" }]);
  const passwords = "select rolname as role, left(rolpassword, 14) as kept from pg_authid where rolcanlogin order by 1";
  expect(await query(first.adminUrl ?? "", passwords)).toEqual([
    { role: "fairlead", kept: "SCRAM-SHA-256$" },
    { role: "fairlead_admin", kept: "SCRAM-SHA-256$" },
  ]);
  await query(first.url, "create table kept as select 42 as answer");
  await first.close();
  expect(await serverOf(home)).toBe(null);

  const second = await open();
  expect(second.url).toBe(first.url);
  expect(await query(second.url, "select answer from kept")).toEqual([{ answer: 42 }]);
  await second.close();
});

test.skipIf(!existsSync("/proc/self"))("a home that can't be made is refused, and no try lasts for ever", async () => {
  for (const home of ["/proc/nope", "/proc/nope/deep", "/dev/null/home"]) {
    await expect(openPostgres({ home, databaseUrl: undefined })).rejects.toMatchObject({
      code: "DATA_FOLDER_UNUSABLE",
    });
  }
});

test("that a Postgres is being set up is said the first time only", { timeout }, async () => {
  const said: string[] = [];
  const openTelling = () => openPostgres({ home, databaseUrl: undefined, onSetup: (where) => said.push(where) });
  for (let times = 0; times < 2; times += 1) await (await openTelling()).close();
  expect(said).toEqual([home]);
});

test("nobody but its owner can enter the home or read the password", { timeout }, async () => {
  const postgres = await open();
  expect((await stat(home)).mode & 0o777).toBe(0o700);
  for (const file of ["postgres-password", "postgres-admin-password"]) {
    expect((await stat(join(home, file))).mode & 0o777).toBe(0o600);
  }
  expect((await stat(await realpath(join(home, "postgres")))).mode & 0o777).toBe(0o700);
  await expect(query(postgres.url.replace(/:[0-9a-f]{48}@/, ":guessed@"), "select 1")).rejects.toThrow(/password/);
  await postgres.close();
});

test("a home that Postgres' own user can enter holds the cluster itself", { timeout }, async () => {
  await mkdir(home, { recursive: true });
  await Promise.all([chmod(dirname(home), 0o711), chmod(home, 0o711)]);
  const postgres = await open();
  expect(await realpath(join(home, "postgres"))).toBe(join(await realpath(home), "postgres"));
  await postgres.close();
});

test("each database that is asked for is there, two at once too", { timeout }, async () => {
  const opened = await Promise.all([open("one"), open("one"), open('it\'s "two"')]);
  const names = await Promise.all(opened.map(({ url }) => query(url, "select current_database() as name")));
  expect(names.flat()).toEqual([{ name: "one" }, { name: "one" }, { name: 'it\'s "two"' }]);
  await Promise.all(opened.map((postgres) => postgres.close()));
  expect(await serverOf(home)).toBe(null);
});

test("a second process finds the server running, and the last to leave stops it", { timeout }, async () => {
  const other = await hold(home);
  const server = await serverOf(home);
  const own = await open();
  expect(own.url).toBe(other.url);
  expect(await timesStarted(home)).toBe(1);

  await other.close();
  expect(await serverOf(home)).toEqual(server);
  expect(await query(own.url, "select 1 as alive")).toEqual([{ alive: 1 }]);
  await own.close();
  expect(await serverOf(home)).toBe(null);
});

test("ten processes that begin at once start one server", { timeout }, async () => {
  const held = await Promise.all(Array.from({ length: 10 }, () => hold(home)));
  expect(new Set(held.map(({ url }) => url)).size).toBe(1);
  expect(await timesStarted(home)).toBe(1);
  await Promise.all(held.map((process) => process.close()));
  expect(await serverOf(home)).toBe(null);
});

test("users that come while the last one leaves get a server all the same", { timeout }, async () => {
  let postgres = await open();
  for (let round = 0; round < 10; round += 1) {
    const [next] = await Promise.all([open(), postgres.close()]);
    expect(await query(next.url, "select 1 as alive")).toEqual([{ alive: 1 }]);
    postgres = next;
  }
  await postgres.close();
  expect(await serverOf(home)).toBe(null);
});

test("a server whose starter was killed is found, and stopped by the last to leave", { timeout }, async () => {
  const starter = await hold(home);
  const server = await serverOf(home);
  await starter.killHard();
  expect(await serverOf(home)).toEqual(server);

  const own = await open();
  expect(await serverOf(home)).toEqual(server);
  await own.close();
  expect(await serverOf(home)).toBe(null);
});

test("what was committed is there after a kill -9 of the server", { timeout }, async () => {
  const starter = await hold(home);
  await query(starter.url, "create table kept as select 42 as answer");
  const server = await serverOf(home);
  await starter.killHard();
  process.kill(server?.pid ?? 0, "SIGKILL");

  const own = await open();
  expect(await query(own.url, "select answer from kept")).toEqual([{ answer: 42 }]);
  await own.close();
  expect(await serverOf(home)).toBe(null);
});

test("a server that is killed under its user comes back at the same address", { timeout }, async () => {
  const postgres = await open();
  const server = await serverOf(home);
  process.kill(server?.pid ?? 0, "SIGKILL");
  await eventually(async () => (await query(postgres.url, "select 1")).length === 1);
  await postgres.close();
  expect(await serverOf(home)).toBe(null);
});

test("a user whose session was ended still counts as one", { timeout }, async () => {
  const postgres = await open();
  const keepers = "select pid from pg_stat_activity where application_name = 'fairlead keeper'";
  const before = await query(postgres.url, keepers);
  await query(postgres.adminUrl ?? "", `select pg_terminate_backend(pid) from (${keepers}) as keepers`);
  const locks = "select pid from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted";
  await eventually(async () => {
    const [now] = await query(postgres.url, locks);
    return now !== undefined && now.pid !== before[0]?.pid;
  });

  const other = await hold(home);
  await other.close();
  expect(await query(postgres.url, "select 1 as alive")).toEqual([{ alive: 1 }]);
  await postgres.close();
  expect(await serverOf(home)).toBe(null);
});

test("where another program has taken the port, another port is chosen", { timeout }, async () => {
  const first = await open();
  await first.close();
  const thief = createServer();
  await new Promise<void>((resolve) => thief.listen(Number(new URL(first.url).port), "127.0.0.1", resolve));

  const second = await open();
  expect(new URL(second.url).port).not.toBe(new URL(first.url).port);
  expect(await query(second.url, "select 1 as alive")).toEqual([{ alive: 1 }]);
  await second.close();
  thief.close();
});

test("a killed server's process id that another program has by now is no obstacle", { timeout }, async () => {
  await (await open()).close();
  const file = join(await realpath(join(home, "postgres")), "postmaster.pid");
  await writeFile(file, `${process.pid}\n/nowhere\n0\n1\n\n127.0.0.1\n\nready   \n`);
  const postgres = await open();
  expect(await query(postgres.url, "select 1 as alive")).toEqual([{ alive: 1 }]);
  await postgres.close();
});

test("what a killed maker left half-made is cleared away", { timeout }, async () => {
  await mkdir(home, { mode: 0o711 });
  await Promise.all([chmod(dirname(home), 0o711), chmod(home, 0o711)]);
  await mkdir(join(home, "half-made"));
  // The highest process id that Linux can have is 2^22.
  await writeFile(join(home, "postgres.making"), JSON.stringify({ pid: 2 ** 22 + 1, folder: "half-made" }));
  await (await open()).close();
  await expect(stat(join(home, "half-made"))).rejects.toThrow("ENOENT");
  await expect(stat(join(home, "postgres.making"))).rejects.toThrow("ENOENT");
});

test("a server that can't start says why in its own words", { timeout }, async () => {
  await (await open()).close();
  const data = await realpath(join(home, "postgres"));
  await writeFile(join(data, "postgresql.conf"), `${await readFile(join(data, "postgresql.conf"))}\nnonsense = 1\n`);
  await expect(open()).rejects.toMatchObject({
    code: "POSTGRES_START_FAILED",
    message: expect.stringMatching(/unrecognized configuration parameter "nonsense"[\s\S]*DATABASE_URL/),
  });
  expect(await serverOf(home)).toBe(null);
});

test("the everyday password may be lost: it is given another", { timeout }, async () => {
  const first = await open();
  await query(first.url, "create table kept as select 42 as answer");
  await first.close();
  await rm(join(home, "postgres-password"));
  const second = await open();
  expect(second.url).not.toBe(first.url);
  expect(await query(second.url, "select answer from kept")).toEqual([{ answer: 42 }]);
  await second.close();
});

test("an admin's password that was lost is told apart, and no server is left running", { timeout }, async () => {
  await (await open()).close();
  await rm(join(home, "postgres-admin-password"));
  await expect(open()).rejects.toMatchObject({
    code: "POSTGRES_START_FAILED",
    message: expect.stringContaining("postgres-admin-password is not that of the embedded Postgres"),
  });
  expect(await serverOf(home)).toBe(null);
});

test("something else in the cluster's place is left alone", { timeout }, async () => {
  await mkdir(join(home, "postgres"), { recursive: true });
  await writeFile(join(home, "postgres", "diary"), "dear");
  await expect(open()).rejects.toMatchObject({ code: "POSTGRES_START_FAILED" });
  expect(await readFile(join(home, "postgres", "diary"), "utf8")).toBe("dear");
});

test("a discarded Postgres leaves nothing behind, though somebody still used it", { timeout }, async () => {
  const postgres = await open();
  const data = await realpath(join(home, "postgres"));
  await discardEmbedded(home);
  const place = data.startsWith(home) ? data : dirname(data);
  await expect(stat(place)).rejects.toThrow("ENOENT");
  await postgres.close();
});
