import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../support/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await database.sql`
    insert into fairlead.workspaces (name, repository_url, default_branch) values ('shop', '/nowhere/shop.git', 'main')`;
});
afterAll(() => database.drop());

const refused = { code: "FL001" };

test("a change can be deleted when it has ended and its clean-up, which needs it, has too", async () => {
  const { sql } = database;
  const [row] = await sql<{ id: string }[]>`
    insert into fairlead.change_requests (workspace, request_text) values ('shop', 'Add a spinner') returning id`;
  const id = row?.id ?? "";
  const removal = () => sql`delete from fairlead.change_requests where id = ${id}`;
  await expect(removal()).rejects.toMatchObject(refused);
  await expect(sql`delete from fairlead.environments where change_id = ${id}`).rejects.toMatchObject(refused);
  // Saying that it has ended does not end it.
  await sql`update fairlead.change_requests set finished_at = now(), moved_at = '2000-01-01' where id = ${id}`;
  await expect(removal()).rejects.toMatchObject(refused);
  const [kept] = await sql`
    select finished_at, moved_at > '2001-01-01' as recent from fairlead.change_requests where id = ${id}`;
  expect(kept).toEqual({ finishedAt: null, recent: true });

  await sql`select fairlead.cancel_change(${id})`;
  await expect(removal()).rejects.toMatchObject(refused);
  await sql`update fairlead.environments set status = 'terminated' where change_id = ${id}`;
  await removal();
  expect(await sql`select from fairlead.change_requests where id = ${id}`).toHaveLength(0);
});

test("the settings can't be deleted", async () => {
  await expect(database.sql`delete from fairlead.settings`).rejects.toMatchObject(refused);
  await expect(database.sql`truncate fairlead.settings`).rejects.toMatchObject(refused);
});

test("nor is a table with work in progress emptied at once", async () => {
  for (const table of ["change_requests", "environments", "runs"]) {
    const emptied = database.sql`truncate ${database.sql(`fairlead.${table}`)} cascade`.simple();
    await expect(emptied, table).rejects.toMatchObject(refused);
  }
});
