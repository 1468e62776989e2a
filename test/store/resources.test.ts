import { afterAll, beforeAll, expect, test } from "vitest";
import { resourceKinds } from "../../src/domain/resource.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

test("Postgres allows exactly the kinds of resources that the domain knows", async () => {
  const { sql } = database;
  const [row] = await sql<{ definition: string }[]>`
    select pg_get_constraintdef(oid) as definition from pg_constraint
    where conrelid = 'fairlead.resources'::regclass and conname = 'resources_kind_check'`;
  const kinds = [...(row?.definition ?? "").matchAll(/'([^']+)'/g)].map(([, kind]) => kind);
  expect(kinds.sort()).toEqual([...resourceKinds].sort());
});
