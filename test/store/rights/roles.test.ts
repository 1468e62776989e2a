import { beforeEach, expect, test } from "vitest";
import type { TestDatabase } from "../../support/database.ts";
import type { People } from "../../support/people.ts";
import { type Login, logInAs } from "../../support/postgres/logins.ts";
import { changeAt, databaseWithPeople, forbidden, refusal } from "./support.ts";

let database: TestDatabase;
let people: People;
beforeEach(async () => {
  ({ database, people } = await databaseWithPeople());
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
  const [byUpdate, byFunction, rejected, sentBack] = await Promise.all(
    [1, 2, 3, 4].map(() => changeAt(database.sql, "deployed")),
  );
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
  const cancelled = await changeAt(database.sql, "implementing");
  await client.query("select fairlead.cancel_change($1, 'the boss')", [cancelled]);
  expect(await change(cancelled)).toMatchObject({ failureMessage: `cancelled by ${role}` });
  await client.query("update fairlead.change_requests set status = 'pending' where id = $1", [cancelled]);
  const bare = await changeAt(database.sql, "implementing");
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
    const id = await changeAt(database.sql, status);
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
  const id = await changeAt(database.sql, "deployed");
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
