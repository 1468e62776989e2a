import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../support/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

interface Function {
  readonly name: string;
  readonly schema: string;
  readonly settings: string[] | null;
  readonly bound: boolean;
  readonly definer: boolean;
  readonly trigger: boolean;
  readonly everybody: boolean;
}

async function functions(): Promise<Function[]> {
  return database.sql<Function[]>`
    select p.oid::regprocedure::text as name, n.nspname as schema, p.proconfig as settings, p.prosqlbody is not null as bound,
      p.prosecdef as definer, p.prorettype = 'trigger'::regtype as trigger,
      has_function_privilege('public', p.oid, 'execute') as everybody
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('fairlead', 'fairlead_worker') order by 1`;
}

/** Parsed when they were made, so no path is looked at; and small, so that they are put into the statements that call them. */
const bound = [
  "is_settled(text)",
  "moves_of_people(text,text[])",
  "place(text,integer)",
  "says_something(text)",
  "event_horizon()",
  "worker_key(text)",
];

test("every function of ours looks names up in the system's schema and its own, and nowhere else", async () => {
  const found = await functions();
  expect(found.length).toBeGreaterThan(70);
  const open = found.filter(
    ({ bound, settings, schema }) => !bound && !settings?.includes(`search_path=pg_catalog, ${schema}, pg_temp`),
  );
  expect(open.map(({ name }) => name)).toEqual([]);
  expect(
    found
      .filter((function_) => function_.bound)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(bound.toSorted());
});

test("only the owner may call functions, except those that are granted and those that constraints call", async () => {
  const open = (await functions()).filter(({ everybody }) => everybody);
  expect(open.map(({ name }) => name)).toEqual(["says_something(text)", "ulid()"]);
});

test("triggers run as the owner, whichever role causes them", async () => {
  const own = (await functions()).filter(({ trigger, definer }) => trigger && !definer);
  expect(own.map(({ name }) => name)).toEqual(["guard_change()"]);
});

test("no other functions run as the owner than those that can be granted to people", async () => {
  const words = (await functions()).filter(({ trigger, definer }) => !trigger && definer);
  expect(words.map(({ name }) => name.replace(/\(.*/, "")).sort()).toEqual([
    "answer_step",
    "approve_change",
    "cancel_change",
    "event_horizon",
    "reject_change",
    "request_change",
    "request_changes",
    "retry_change",
  ]);
});
