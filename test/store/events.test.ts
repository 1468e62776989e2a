import { afterAll, beforeAll, expect, test } from "vitest";
import type { Event } from "../../src/domain/event.ts";
import { eventsAfter } from "../../src/store/events.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await database.sql`insert into fairlead.workspaces (name, repository_url, default_branch, max_active_changes)
    values ('shop', '/nowhere/shop.git', 'main', 1000)`;
  await database.sql`update fairlead.settings set max_active_changes = 1000`;
});
afterAll(() => database.drop());

test.each([
  ["transactions commit late and out of order", async () => {}],
  [
    "the database is moved to another cluster again and again",
    async () => {
      await database.sql`update fairlead.installation set cluster = 'elsewhere'`;
      await database.sql`select fairlead.notice_move()`;
    },
  ],
])("a reader sees every event once and each entity's in order, while %s", { timeout: 60_000 }, async (_, disturb) => {
  const { sql } = database;
  await sql`delete from fairlead.events`;
  const ids = Array.from({ length: 8 }, async () => {
    const [row] = await sql<{ id: string }[]>`
      insert into fairlead.change_requests (workspace, request_text) values ('shop', 'x') returning id`;
    return row?.id ?? "";
  });
  const changes = await Promise.all(ids);
  let writing = true;

  /** Moves changes to and fro; some transactions take their number early and commit late. */
  async function write(worker: number): Promise<void> {
    const session = database.session();
    for (let turn = 0; turn < 40; turn += 1) {
      const id = changes[(worker + turn) % changes.length] ?? "";
      try {
        await session`begin`;
        if (turn % 3 === 0) await session`select pg_current_xact_id(), pg_sleep(0.01)`;
        const move = turn % 2 === 0 ? "failed" : "pending";
        await session`update fairlead.change_requests set status = ${move} where id = ${id}`;
        if (turn % 4 === 0) await session`select pg_sleep(0.005)`;
        await session`commit`;
      } catch {
        await session`rollback`;
      }
    }
  }

  /** Reads until it has seen as many as there are; a transaction elsewhere on the server may hold the last ones back. */
  async function read(): Promise<Event[]> {
    const seen: Event[] = [];
    const deadline = AbortSignal.timeout(20_000);
    while (!deadline.aborted) {
      const page = await eventsAfter(sql, { after: seen.at(-1)?.cursor ?? "0-0", limit: 7 });
      seen.push(...page);
      if (page.length > 0 || writing) continue;
      const [{ count } = { count: 0 }] = await sql<{ count: number }[]>`select count(*) from fairlead.events`;
      if (seen.length >= count) break;
    }
    return seen;
  }

  const reading = Promise.all([read(), read()]);
  const written = Promise.all(Array.from({ length: 6 }, (_, worker) => write(worker))).then(() => {
    writing = false;
  });
  while (writing) await Promise.all([disturb(), sql`select pg_sleep(0.02)`]);
  await written;
  const all = await sql<
    { cursor: string }[]
  >`select xid::text || '-' || seq as cursor from fairlead.events order by events.xid, events.seq`;
  for (const seen of await reading) {
    expect(seen.map(({ cursor }) => cursor)).toEqual(all.map(({ cursor }) => cursor));
    const last = new Map<string, number>();
    for (const { entityId, version } of seen) {
      expect(version).toBe((last.get(entityId) ?? 0) + 1);
      last.set(entityId, version);
    }
  }
});
