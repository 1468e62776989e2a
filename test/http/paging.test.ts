import fc from "fast-check";
import { ulid } from "ulid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Served, serve } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
});
afterAll(() => served.close());

async function workspaceOf(size: number): Promise<{ name: string; ids: string[] }> {
  const { sql } = served.world.database;
  const name = `w-${ulid().toLowerCase()}`;
  await sql`insert into fairlead.workspaces (name, repository_url, default_branch, agent, max_active_changes)
    values (${name}, '/nowhere', 'main', 'scripted', 1)`;
  const rows = await sql<{ id: string }[]>`insert into fairlead.change_requests (workspace, request_text)
    select ${name}, 'change ' || n from generate_series(1, ${size}) n returning id`;
  return {
    name,
    ids: rows
      .map(({ id }) => id)
      .sort()
      .reverse(),
  };
}

test("pages of any size hold every change exactly once, newest first", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 250 }), async (size, limit) => {
      const { name, ids } = await workspaceOf(size);
      const seen: string[] = [];
      let next: string | null = null;
      let pages = 0;
      do {
        const before: string = next === null ? "" : `&before=${next}`;
        const { body } = await served.ask("GET", `/api/changes?workspace=${name}&limit=${limit}${before}`);
        seen.push(...body.changes.map((change: { id: string }) => change.id));
        next = body.next;
        pages += 1;
      } while (next !== null);
      expect(seen).toEqual(ids);
      expect(pages).toBe(Math.max(1, Math.ceil(size / limit)));
    }),
    { numRuns: 25 },
  );
});

test("changes that come in between pages are neither on the next page nor do they push any off it", async () => {
  const { name, ids } = await workspaceOf(10);
  const first = await served.ask("GET", `/api/changes?workspace=${name}&limit=4`);
  await served.world.database
    .sql`insert into fairlead.change_requests (workspace, request_text) values (${name}, 'late')`;
  const second = await served.ask("GET", `/api/changes?workspace=${name}&limit=250&before=${first.body.next}`);
  expect(second.body.changes.map((change: { id: string }) => change.id)).toEqual(ids.slice(4));
});

test("a limit that is out of bounds, or a cursor that is none, is refused", async () => {
  for (const query of [
    "limit=0",
    "limit=251",
    "limit=-1",
    "limit=1.5",
    "limit=x",
    "limit=",
    "limit=1&limit=2",
    "before=x",
  ]) {
    const { status, body } = await served.ask("GET", `/api/changes?${query}`);
    expect([query, status, body.code]).toEqual([query, 400, "REQUEST_INVALID"]);
  }
});
