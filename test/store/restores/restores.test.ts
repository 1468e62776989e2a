import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Event } from "../../../src/domain/event.ts";
import { eventsAfter, newestCursor } from "../../../src/store/events.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { connect, type Sql } from "../../../src/store/sql.ts";
import { type Cluster, makeCluster, pgDump, programs, psql } from "../../support/postgres/debian-postgres.ts";
import { sessionAt } from "../../support/postgres/logins.ts";

/** Where the database is; one that is younger than that all the time, and one that is older. */
let first: Cluster;
let young: Cluster;
let old: Cluster;
let names = 0;
beforeAll(async () => {
  if (programs === null) return;
  [first, young, old] = await Promise.all([makeCluster(), makeCluster(), makeCluster()]);
  await Promise.all([first.age(30_000), old.age(90_000)]);
}, 60_000);
afterAll(async () => {
  await Promise.all([first?.close(), young?.close(), old?.close()]);
});

/** A new database in a cluster, and the role that Fairlead has there. */
async function databaseIn(cluster: Cluster): Promise<string> {
  names += 1;
  await psql(cluster.url("postgres"), [
    "-c",
    "do $$ begin create role fairlead login; exception when duplicate_object then null; end $$",
  ]);
  await psql(cluster.url("postgres"), ["-c", `create database d${names} owner fairlead`]);
  return cluster.url(`d${names}`, "fairlead");
}

function open(url: string): Sql {
  const sql = connect(url, { max: 4 });
  onTestFinished(() => sql.end({ timeout: 1 }));
  return sql;
}

/** Changes asked for, cancelled and retried: some thirty events. */
async function live(sql: Sql, changes = 4): Promise<void> {
  await sql`insert into fairlead.workspaces (name, repository_url, default_branch, max_active_changes)
    values ('shop', '/nowhere', 'main', 100) on conflict do nothing`;
  for (let n = 0; n < changes; n += 1) {
    const [change] = await sql<{ id: string }[]>`
      insert into fairlead.change_requests (workspace, request_text) values ('shop', 'x') returning id`;
    const id = change?.id ?? "";
    await sql`update fairlead.change_requests set status = 'implementing', branch_name = 'b', target_branch = 'main' where id = ${id}`;
    if (n % 2 === 0) await sql`select fairlead.cancel_change(${id}, 'ann')`;
  }
}

async function allAfter(sql: Sql, after = "0-0"): Promise<Event[]> {
  const seen: Event[] = [];
  for (;;) {
    const page = await eventsAfter(sql, { after: seen.at(-1)?.cursor ?? after, limit: 7 });
    if (page.length === 0) return seen;
    seen.push(...page);
  }
}

const cursors = (events: readonly Event[]) => events.map(({ cursor }) => cursor);

/** A database with a history in the first cluster, and a client that has read half of it. */
async function history(): Promise<{ url: string; sql: Sql; events: Event[]; half: string }> {
  const url = await databaseIn(first);
  await migrate(url);
  const sql = open(url);
  await sql`update fairlead.settings set max_active_changes = 100`;
  await live(sql);
  const events = await allAfter(sql);
  expect(events.length).toBeGreaterThan(15);
  return { url, sql, events, half: events[Math.floor(events.length / 2)]?.cursor ?? "" };
}

/** All that a feed has to hold after a move: what there was, and what comes, in order, for a client that begins and for one that resumes. */
async function expectWhole(sql: Sql, before: readonly Event[], half: string): Promise<Event[]> {
  expect(cursors(await allAfter(sql))).toEqual(cursors(before));
  expect(await newestCursor(sql)).toBe(before.at(-1)?.cursor);
  await live(sql, 2);
  const [{ count } = { count: 0 }] = await sql<{ count: number }[]>`select count(*) as count from fairlead.events`;
  const all = await allAfter(sql);
  expect(all).toHaveLength(count);
  expect(count).toBeGreaterThan(before.length);
  expect(cursors(all).slice(0, before.length)).toEqual(cursors(before));
  const place = cursors(all).indexOf(half);
  expect(cursors(await allAfter(sql, half))).toEqual(cursors(all).slice(place + 1));
  const last = new Map<string, number>();
  for (const { entityId, version } of all) {
    expect(version).toBe((last.get(entityId) ?? 0) + 1);
    last.set(entityId, version);
  }
  return all;
}

const here = test.skipIf(programs === null);

here("restored in a younger cluster by psql, the events are all there, and clients resume", async () => {
  const { url, events, half } = await history();
  const target = await databaseIn(young);
  await psql(target, ["-1"], await pgDump(url));
  expect(await migrate(target)).toEqual([]);
  await expectWhole(open(target), events, half);
});

here("restored in an older cluster, and in the same one under another name, they are as well", async () => {
  const { url, events, half } = await history();
  for (const cluster of [old, first]) {
    const target = await databaseIn(cluster);
    await psql(target, ["-1"], await pgDump(url));
    await migrate(target);
    await expectWhole(open(target), events, half);
  }
});

here("moved there and back again, twice, they are as well", async () => {
  let { url, events, half } = await history();
  for (const cluster of [young, first, young, old, young]) {
    const target = await databaseIn(cluster);
    await psql(target, ["-1"], await pgDump(url));
    await migrate(target);
    events = await expectWhole(open(target), events, half);
    [url, half] = [target, events[events.length - 3]?.cursor ?? ""];
  }
});

here("clients that had read further than the backup went miss nothing that is new", async () => {
  const { url, sql, events } = await history();
  const dump = await pgDump(url);
  await first.age(5000);
  await live(sql, 5);
  const ahead = (await allAfter(sql)).at(-1)?.cursor ?? "";
  for (const cluster of [young, old, first]) {
    const target = await databaseIn(cluster);
    await psql(target, ["-1"], dump);
    await migrate(target);
    const restored = open(target);
    await live(restored, 3);
    const news = (await allAfter(restored)).slice(events.length);
    expect(news.length).toBeGreaterThan(5);
    expect(cursors(await allAfter(restored, ahead))).toEqual(cursors(news));
  }
});

here.each(["read committed", "repeatable read", "serializable"])(
  "what psql does in a restored database before Fairlead has started there, %s, comes after what was there",
  async (isolation) => {
    const { url, events, half } = await history();
    const target = await databaseIn(young);
    await psql(target, ["-1"], await pgDump(url));
    const person = await sessionAt(target);
    await person.query(`set default_transaction_isolation = '${isolation}'`);
    const { rows } = await person.query("select id from fairlead.change_requests where status <> 'failed' limit 1");
    await person.query("insert into fairlead.change_requests (workspace, request_text) values ('shop', 'from psql')");
    await person.query("update fairlead.change_requests set status = 'failed' where id = $1", [rows[0]?.id]);
    const sql = open(target);
    const early = await allAfter(sql);
    expect(cursors(early).slice(0, events.length)).toEqual(cursors(events));
    expect(early.length).toBeGreaterThan(events.length + 1);
    await migrate(target);
    await expectWhole(sql, early, half);
  },
);

here("in the archive format, they are as well", async () => {
  const { url, events, half } = await history();
  const target = await databaseIn(young);
  const folder = await mkdtemp(join(tmpdir(), "fairlead-dump-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await pgDump(url, ["-Fc", "-f", join(folder, "dump")]);
  await execa(join(programs ?? "", "pg_restore"), ["-1", "-d", target, join(folder, "dump")]);
  await migrate(target);
  await expectWhole(open(target), events, half);
});

here("without owners and rights, for a role of another name, they are as well", async () => {
  const { url, events, half } = await history();
  await psql(first.url("postgres"), ["-c", "create role looker; grant looker to admin"]).catch(() => {});
  await psql(url, ["-c", "grant usage on schema fairlead to looker; grant select on fairlead.change_board to looker"]);
  const dump = await pgDump(url, ["--no-owner", "--no-privileges"]);
  await psql(young.url("postgres"), [
    "-c",
    'create role "Other One" login',
    "-c",
    'create database other owner "Other One"',
  ]);
  const target = young.url("other", "Other%20One");
  await psql(target, ["-1"], dump);
  await migrate(target);
  await expectWhole(open(target), events, half);
});

here("a dump of data alone does nothing by halves, and with triggers off it is whole", async () => {
  const { url, sql: old, events, half } = await history();
  await old`update fairlead.settings set max_active_changes = 17`;
  const target = await databaseIn(young);
  await migrate(target);
  const sql = open(target);
  const dump = await pgDump(url, ["--data-only"]);
  await expect(psql(target, ["-1"], dump)).rejects.toThrow(/violates|cannot begin/);
  expect(await sql`select from fairlead.events`).toEqual([]);

  const asAdmin = target.replace("fairlead@", "admin@");
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('fairlead', 'fairlead_worker')`;
  const empty = `set session_replication_role = replica; truncate ${tables.map(({ name }) => name).join(", ")};`;
  await psql(asAdmin, ["-1"], `${empty}\n${dump}`);
  await migrate(target);
  await expectWhole(sql, events, half);
  expect(await sql`select max_active_changes from fairlead.settings`).toEqual([{ maxActiveChanges: 17 }]);
});
