import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../support/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await database.sql`insert into fairlead.workspaces (name, repository_url, default_branch, max_active_changes)
    values ('shop', '/nowhere/shop.git', 'main', 3), ('blog', '/nowhere/blog.git', 'main', 3)`;
  await database.sql`update fairlead.settings set max_active_changes = 5`;
});
afterAll(() => database.drop());

const active = ["provisioning", "implementing", "deployed", "approved", "merging"];

async function request(workspace: string): Promise<void> {
  await database.sql`insert into fairlead.change_requests (workspace, request_text) values (${workspace}, 'x')`;
}

async function activeIn(): Promise<Record<string, number>> {
  const rows = await database.sql<{ workspace: string; count: number }[]>`
    select workspace, count(*) from fairlead.change_requests where status = any (${active}) group by workspace`;
  return Object.fromEntries(rows.map(({ workspace, count }) => [workspace, count]));
}

test("never more than the limits are active, however many ask and end at once, and nobody is forgotten", async () => {
  const { sql } = database;
  let most = 0;
  const ask = async (workspace: string) => {
    for (let n = 0; n < 15; n += 1) await request(workspace);
  };
  const finish = async () => {
    for (let n = 0; n < 200; n += 1) {
      const [row] = await sql<{ id: string }[]>`
        select id from fairlead.change_requests where status = any (${active}) order by random() limit 1`;
      if (row) await sql`select fairlead.cancel_change(${row.id})`.catch(() => {});
      const counts = await activeIn();
      most = Math.max(most, (counts.shop ?? 0) + (counts.blog ?? 0));
      expect(counts.shop ?? 0).toBeLessThanOrEqual(3);
      expect(counts.blog ?? 0).toBeLessThanOrEqual(3);
    }
  };
  await Promise.all([ask("shop"), ask("shop"), ask("blog"), ask("blog"), finish(), finish(), finish()]);
  expect(most).toBe(5);
  const [left] = await sql<{ pending: number }[]>`
    select count(*) as pending from fairlead.change_requests where status = 'pending'`;
  if ((left?.pending ?? 0) > 0) expect(Object.values(await activeIn()).reduce((a, b) => a + b)).toBe(5);
}, 60_000);

test("the rest wait in pending and the board says what for; the oldest is let in when a place gets free", async () => {
  const { sql } = database;
  await sql`select fairlead.cancel_change(id) from fairlead.change_requests where status = 'pending' order by created_at`;
  await sql`select fairlead.cancel_change(id) from fairlead.change_requests where status = any (${active})`;
  for (let n = 0; n < 5; n += 1) await request("shop");
  const waiting = await sql<{ id: string; waitingFor: string }[]>`
    select id, waiting_for from fairlead.change_board where status = 'pending' order by created_at`;
  expect(waiting.map(({ waitingFor }) => waitingFor)).toEqual(
    Array.from({ length: 2 }, () => "a slot: 3 of 5 are taken, 3 of 3 of shop"),
  );
  const [first] = await sql<
    { id: string }[]
  >`select id from fairlead.change_requests where status = any (${active}) limit 1`;
  await sql`select fairlead.cancel_change(${first?.id ?? ""})`;
  const [next] = await sql`select status from fairlead.change_requests where id = ${waiting[0]?.id ?? ""}`;
  expect(next).toEqual({ status: "provisioning" });
});

test("raising a limit lets those in that wait", async () => {
  const { sql } = database;
  await sql`select fairlead.cancel_change(id) from fairlead.change_requests where status = 'pending'`;
  await sql`select fairlead.cancel_change(id) from fairlead.change_requests where status = any (${active})`;
  for (let n = 0; n < 6; n += 1) await request("shop");
  expect(await activeIn()).toEqual({ shop: 3 });
  await sql`update fairlead.workspaces set max_active_changes = 6 where name = 'shop'`;
  expect(await activeIn()).toEqual({ shop: 5 });
  await sql`update fairlead.settings set max_active_changes = 6`;
  expect(await activeIn()).toEqual({ shop: 6 });
  await sql`update fairlead.settings set max_active_changes = 5`;
  await sql`update fairlead.workspaces set max_active_changes = 3 where name = 'shop'`;
  await request("shop");
  await sql`select fairlead.cancel_change(id) from (
    select id from fairlead.change_requests where status = any (${active}) order by id limit 3) c`;
  expect(await activeIn()).toEqual({ shop: 3 });
});

test("a transaction that is left open blocks no other change from ending, and its change is admitted when it commits", async () => {
  const { sql } = database;
  await sql`select fairlead.cancel_change(id) from fairlead.change_requests where status = 'pending'`;
  await sql`select fairlead.cancel_change(id) from fairlead.change_requests where status = any (${active})`;
  for (let n = 0; n < 3; n += 1) await request("shop");
  const session = database.session();
  await session`begin`;
  await session`insert into fairlead.change_requests (workspace, request_text) values ('shop', 'left open')`;
  const ended = sql`select fairlead.cancel_change(id) from fairlead.change_requests
    where workspace = 'shop' and status = any (${active})`;
  await ended;
  await session`commit`;
  expect(await activeIn()).toEqual({});
  await sql`select fairlead.reconcile()`; // which a job does, a second later
  expect(await activeIn()).toEqual({ shop: 1 });
});

test("a workspace that is full does not keep another one's changes out, and one that is renamed keeps its room", async () => {
  const { sql } = database;
  await sql`select fairlead.cancel_change(id) from fairlead.change_requests where status = any (${active})`;
  for (let n = 0; n < 5; n += 1) await request("shop");
  await request("blog");
  expect(await activeIn()).toEqual({ shop: 3, blog: 1 });
  await sql`update fairlead.workspaces set name = 'store' where name = 'shop'`;
  await sql`select fairlead.cancel_change(id) from fairlead.change_requests
    where workspace = 'store' and status = any (${active})`;
  expect(await activeIn()).toEqual({ store: 2, blog: 1 });
  await sql`update fairlead.workspaces set name = 'shop' where name = 'store'`;
});

test("a transaction with an old snapshot leaves the admission to a job", async () => {
  const { sql } = database;
  await sql`select fairlead.cancel_change(id) from fairlead.change_requests where status = 'pending'`;
  await sql`select fairlead.cancel_change(id) from fairlead.change_requests where status = any (${active})`;
  const session = database.session();
  await session`begin isolation level repeatable read`;
  await session`select 1`;
  for (let n = 0; n < 3; n += 1) await request("shop");
  await session`insert into fairlead.change_requests (workspace, request_text) values ('shop', 'late')`;
  await session`commit`;
  expect((await activeIn()).shop).toBe(3);
  const [job] = await sql`select task_identifier from fairlead.jobs where key = 'reconcile'`;
  expect(job).toEqual({ taskIdentifier: "reconcile" });
});

test("a change waits for a free range of ports, and blocks no other change from ending", async () => {
  const { sql } = database;
  await sql`select fairlead.cancel_change(id) from fairlead.change_requests where status = 'pending'`;
  await sql`select fairlead.cancel_change(id) from fairlead.change_requests where status = any (${active})`;
  await sql`update fairlead.environments set status = 'terminated' where status = 'terminating'`;
  // There are two ranges.
  await sql`update fairlead.settings set first_port = 60000, ports_per_environment = 100`;
  await sql`insert into fairlead.environments (workspace, change_id, provider, repository_url, first_port)
    select 'shop', id, 'local', repository_url, 60000 + 100 * row_number() over (order by id)
    from fairlead.change_requests order by id limit 54`;
  await request("shop");
  await request("shop");
  expect(await activeIn()).toEqual({ shop: 1 });
  const [waiting] = await sql`select waiting_for from fairlead.change_board where status = 'pending'`;
  expect(waiting).toEqual({ waitingFor: "its turn, or a free range of ports" });
  await sql`select fairlead.cancel_change(id) from fairlead.change_requests where status = any (${active})`;
  expect(await activeIn()).toEqual({});
  await sql`update fairlead.environments set status = 'terminating' where first_port = 60100`;
  await sql`update fairlead.environments set status = 'terminated' where first_port = 60100`;
  expect(await activeIn()).toEqual({ shop: 1 });
});
