import type pg from "pg";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../support/database.ts";
import { type Login, logInAs } from "../../support/logins.ts";
import { makePeople, type People } from "../../support/people.ts";

let database: TestDatabase;
let people: People;
beforeEach(async () => {
  const made = await testDatabase();
  database = made;
  onTestFinished(() => made.drop());
  people = await makePeople(made.url);
  await made.sql`insert into fairlead.workspaces (name, repository_url, default_branch, agent)
    values ('shop', 'https://user:t0ken@example.com/shop.git', 'main', 'command')`;
  await made.sql`insert into fairlead.api_tokens (name, role, hash) values ('a', 'admin', ${Buffer.alloc(32)})`;
});

const login = (name: string, ...roles: (keyof People)[]): Promise<Login> =>
  logInAs(
    database.url,
    name,
    roles.map((role) => people[role]),
  );

const columns = "status, decided_by, requester_name, requester_id, source, failure_message";

async function change(id: string): Promise<Record<string, unknown>> {
  const [row] = await database.sql.unsafe(
    `select ${columns}, agent, head_commit from fairlead.change_requests where id = '${id}'`,
  );
  return row ?? {};
}

/** A change in a status, as tasks bring it there. */
async function changeAt(status: "provisioning" | "implementing" | "deployed" | "failed" | "merging"): Promise<string> {
  const { sql } = database;
  const [row] = await sql<{ id: string }[]>`
    insert into fairlead.change_requests (workspace, request_text) values ('shop', 'x') returning id`;
  const id = row?.id ?? "";
  if (status === "provisioning") return id;
  await sql`update fairlead.change_requests set status = 'implementing', branch_name = 'b', target_branch = ${id} where id = ${id}`;
  if (status === "implementing") return id;
  await sql`update fairlead.change_requests set status = 'deployed', head_commit = 'c0ffee' where id = ${id}`;
  if (status === "failed") await sql`select fairlead.cancel_change(${id}, 'ann')`;
  if (status === "merging") await sql`select fairlead.approve_change(${id}, 'ann')`;
  return id;
}

/** The SQLSTATE with which a statement is refused. */
async function refusal(client: pg.Client, text: string, ...values: unknown[]): Promise<string> {
  return client.query(text, values).then(
    () => `allowed: ${text}`,
    (error: { code: string }) => error.code,
  );
}

const forbidden = "42501";

test("one who asks does so by a row or by the function, in their own name", async () => {
  const { role, client } = await login("Ann O'Neil", "asker");
  const inserted = await client.query(
    "insert into fairlead.change_requests (workspace, request_text) values ('shop', 'x') returning id, status",
  );
  expect(inserted.rows[0]).toMatchObject({ status: "pending" });
  const asked = await client.query(
    "select * from fairlead.request_change('shop', 'y', requester_name => 'zoe', requester_id => '1', source => 'slack')",
  );
  expect(asked.rows[0]).toMatchObject({ status: "provisioning", repository_url: "" });
  for (const { rows } of [inserted, asked]) {
    expect(await change(rows[0].id)).toMatchObject({ requesterName: role, requesterId: role, source: "sql" });
  }
  const board = await client.query("select id, request, status from fairlead.change_board");
  expect(board.rows).toHaveLength(2);
  const { rows } = await client.query(
    "select actor from fairlead.events where entity = 'change' and kind = 'change.pending'",
  );
  expect(rows).toEqual([{ actor: role }, { actor: role }]);
});

test("one who asks names no agent but the workspace's own", async () => {
  const { client } = await login("ann", "asker");
  const ask = "select agent from fairlead.request_change('shop', 'x', agent => $1)";
  expect((await client.query(ask, ["command"])).rows).toEqual([{ agent: "command" }]);
  expect(await refusal(client, ask, "claude")).toBe("FL005");
  expect(
    await refusal(
      client,
      "insert into fairlead.change_requests (workspace, request_text, agent) values ('shop', 'x', 'claude')",
    ),
  ).toBe("FL005");
  // One who may act as the owner names any.
  expect(await database.sql`select agent from fairlead.request_change('shop', 'x', agent => 'claude')`).toEqual([
    { agent: "claude" },
  ]);
});

test("one who reviews decides by the status or by the functions, in their own name", async () => {
  const { role, client } = await login("Zoë", "reviewer");
  const [byUpdate, byFunction, rejected, sentBack] = await Promise.all([1, 2, 3, 4].map(() => changeAt("deployed")));
  await client.query("update fairlead.change_requests set status = 'approved' where id = $1", [byUpdate]);
  const { rows } = await client.query(
    "select * from fairlead.approve_change($1, decided_by => 'the boss', note => 'fine')",
    [byFunction],
  );
  expect(rows[0]).toMatchObject({ decided_by: role, repository_url: "", status: "merging" });
  await client.query("select fairlead.reject_change($1, 'the boss')", [rejected]);
  await client.query("select fairlead.request_changes($1, 'smaller', 'the boss')", [sentBack]);
  expect(await change(byUpdate ?? "")).toMatchObject({ status: "merging", decidedBy: role });
  expect(await change(rejected ?? "")).toMatchObject({ status: "rejected", decidedBy: role });
  expect(await change(sentBack ?? "")).toMatchObject({ status: "implementing", decidedBy: role });
  const cancelled = await changeAt("implementing");
  await client.query("select fairlead.cancel_change($1, 'the boss')", [cancelled]);
  expect(await change(cancelled)).toMatchObject({ failureMessage: `cancelled by ${role}` });
  await client.query("update fairlead.change_requests set status = 'pending' where id = $1", [cancelled]);
  const bare = await changeAt("implementing");
  await client.query("update fairlead.change_requests set status = 'failed' where id = $1", [bare]);
  expect(await change(bare)).toMatchObject({ failureMessage: `cancelled by ${role}` });
});

test("no move that is a task's is made by one who reviews, by whatever way round", async () => {
  const { client } = await login("zoe", "reviewer");
  await client.query(`create temporary table lever (id text, status text);
    create function pg_temp.pull() returns trigger language plpgsql as $$ begin
      update fairlead.change_requests set status = new.status where id = new.id; return new; end $$;
    create trigger pull before insert on lever for each row execute function pg_temp.pull()`);
  const statuses = ["provisioning", "implementing", "deployed", "failed", "merging"] as const;
  for (const status of statuses) {
    const id = await changeAt(status);
    for (const wanted of [
      "provisioning",
      "implementing",
      "deployed",
      "approved",
      "merging",
      "merged",
      "rejected",
      "pending",
    ]) {
      if (wanted === status || (status === "deployed" && ["approved", "rejected"].includes(wanted))) continue;
      if (status === "failed" && wanted === "pending") continue;
      for (const way of [
        "update fairlead.change_requests set status = $2 where id = $1",
        "insert into lever values ($1, $2)",
      ]) {
        expect(await refusal(client, way, id, wanted), `${status} to ${wanted}`).toMatch(/^FL00[145]$/);
      }
    }
    expect(await change(id)).toMatchObject({ status });
  }
});

test("columns that are a task's or another's are written by neither", async () => {
  const { client } = await login("mallory", "asker", "reviewer");
  const id = await changeAt("deployed");
  for (const assignment of [
    ...[
      "head_commit = 'bad'",
      "branch_name = 'x'",
      "target_branch = 'x'",
      "merge_commit_sha = 'x'",
      "decided_by = 'ann'",
    ],
    ...[
      "failure_kind = 'internal', status = 'failed'",
      "failure_message = 'x'",
      "version = 1",
      "task = 'merge'",
      "agent = 'x'",
    ],
    ...["repository_url = '/mine'", "environment_id = null", "preview_url = 'http://evil'", "request_text = 'another'"],
    ...[
      "cost_usd = 0",
      "session_id = 'x'",
      "requester_name = 'x'",
      "moved_in = '1'",
      "feedback = '{}'",
      "summary = 'x'",
    ],
  ]) {
    expect(
      await refusal(client, `update fairlead.change_requests set ${assignment} where id = $1`, id),
      assignment,
    ).toBe(forbidden);
  }
  for (const column of [
    "status",
    "head_commit",
    "decided_by",
    "repository_url",
    "environment_id",
    "version",
    "id",
    "requester_name",
  ]) {
    const insert = `insert into fairlead.change_requests (workspace, request_text, ${column}) values ('shop', 'x', null)`;
    expect(await refusal(client, insert), column).toBe(forbidden);
  }
  expect(await change(id)).toMatchObject({ status: "deployed", headCommit: "c0ffee" });
});

test("history is not rewritten, tables are not emptied, and what is ours is not changed", async () => {
  const { client } = await login("mallory", "asker", "reviewer");
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
  const { client } = await login("mallory", "reader", "asker", "reviewer");
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
  const id = await changeAt("deployed");
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
