import { beforeEach, expect, test } from "vitest";
import type { TestDatabase } from "../../support/database.ts";
import type { People } from "../../support/people.ts";
import { logInAs } from "../../support/postgres/logins.ts";
import { changeAt, databaseWithPeople, forbidden, refusal } from "./support.ts";

let database: TestDatabase;
let people: People;
beforeEach(async () => {
  ({ database, people } = await databaseWithPeople());
});

const login = (...roles: (keyof People)[]) =>
  logInAs(
    database.url,
    "mallory",
    roles.map((role) => people[role]),
  );

test("history is not rewritten, tables are not emptied, and what is ours is not changed", async () => {
  const { client } = await login("asker", "reviewer");
  const tables = await database.sql<{ schema: string; name: string }[]>`
    select schemaname as schema, tablename as name from pg_tables where schemaname in ('fairlead', 'fairlead_worker')`;
  for (const { schema, name } of tables) {
    for (const statement of [
      ...[
        `truncate ${schema}.${name}`,
        `delete from ${schema}.${name}`,
        `do $$ begin lock table ${schema}.${name} in share mode; end $$`,
      ],
      ...[`alter table ${schema}.${name} disable trigger all`, `drop table ${schema}.${name}`],
      ...[
        `create trigger mine before insert on ${schema}.${name} execute function pg_catalog.suppress_redundant_updates_trigger()`,
      ],
      ...[
        `create rule mine as on insert to ${schema}.${name} do instead nothing`,
        `create index on ${schema}.${name} ((1))`,
      ],
    ]) {
      expect(await refusal(client, statement), statement).toBe(forbidden);
    }
  }
  for (const statement of [
    ...[
      "insert into fairlead.events (xid, entity, entity_id, kind, version) values ('1', 'change', 'x', 'change.merged', 9)",
    ],
    ...["update fairlead.events set actor = 'ann'", "update fairlead.workspaces set agent = 'command'"],
    ...[
      "insert into fairlead.workspaces (name, repository_url) values ('mine', '/x')",
      "insert into fairlead.plans (plan_id) values ('x')",
    ],
    ...["insert into fairlead.runs (plan_id) values ('safe-merge')", "update fairlead.steps set status = 'succeeded'"],
    ...["create table fairlead.mine (a int)", "create function fairlead.mine() returns int language sql as 'select 1'"],
    ...["set session_replication_role = replica", "set role fairlead", "alter role fairlead superuser"],
    ...[
      "alter view fairlead.change_board rename to mine",
      "create or replace view fairlead.change_board as select 1 as one",
    ],
  ]) {
    expect(await refusal(client, statement), statement).toMatch(/^(42501|22023)$/);
  }
});

test("no secret is read: tokens, repositories with theirs in them, what jobs and plans have", async () => {
  const { client } = await login("reader", "asker", "reviewer");
  for (const table of [
    "api_tokens",
    "workspaces",
    "environments",
    "runs",
    "steps",
    "plans",
    "log_chunks",
    "jobs",
    "settings",
    "installation",
    "usage_limits",
  ]) {
    expect(await refusal(client, `select * from fairlead.${table}`), table).toBe(forbidden);
  }
  expect(await refusal(client, "select repository_url from fairlead.change_requests")).toBe(forbidden);
  expect(await refusal(client, "select c from fairlead.change_requests c")).toBe(forbidden);
  expect(await refusal(client, "select from fairlead.change_requests where repository_url like '%'")).toBe(forbidden);
  expect(await refusal(client, "update fairlead.change_requests set status = 'failed' returning repository_url")).toBe(
    forbidden,
  );
  expect(await refusal(client, "select 1 from fairlead_worker.jobs")).toBe(forbidden);
  const id = await changeAt(database.sql, "deployed");
  for (const text of [
    "select row_to_json(r)::text as text from fairlead.request_change('shop', 'x') r",
    `select row_to_json(r)::text as text from fairlead.request_changes('${id}', 'x') r`,
    `select row_to_json(r)::text as text from fairlead.cancel_change('${id}') r`,
    `select row_to_json(r)::text as text from fairlead.retry_change('${id}') r`,
    "select string_agg(row_to_json(e)::text, '') as text from fairlead.events e",
    "select string_agg(row_to_json(b)::text, '') as text from fairlead.change_board b",
    "select string_agg(row_to_json(b)::text, '') as text from fairlead.environment_board b",
  ]) {
    const { rows } = await client.query(text);
    expect(rows[0].text, text).not.toContain("t0ken");
  }
});

test("of all functions they may call those that were granted, and no other", async () => {
  const allowed = {
    reader: ["event_horizon", "says_something", "ulid"],
    asker: ["event_horizon", "request_change", "says_something", "ulid"],
    reviewer: [
      "answer_step",
      "approve_change",
      "cancel_change",
      "event_horizon",
      "reject_change",
      "request_changes",
      "retry_change",
      "says_something",
      "ulid",
    ],
  };
  for (const [role, names] of Object.entries(allowed)) {
    const rows = await database.sql<{ name: string }[]>`
      select p.proname as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('fairlead', 'fairlead_worker')
        and has_function_privilege(${people[role as keyof People]}, p.oid, 'execute') order by 1`;
    expect(rows.map(({ name }) => name)).toEqual(names);
  }
});
