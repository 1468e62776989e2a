import { afterAll, beforeAll, expect, test } from "vitest";
import { lifecycles, movesFrom, statusesOf } from "../../src/domain/lifecycles.ts";
import { handOver } from "../../src/store/jobs.ts";
import { faultOf } from "../../src/store/sql.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { jobsTable } from "../support/queue.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await database.sql`insert into fairlead.workspaces (name, repository_url, default_branch, max_active_changes)
    values ('shop', '/nowhere/shop.git', 'main', 1000)`;
  await database.sql`update fairlead.settings set max_active_changes = 1000`;
});
afterAll(() => database.drop());

async function newChange(): Promise<string> {
  const [row] = await database.sql<{ id: string }[]>`
    insert into fairlead.change_requests (workspace, request_text) values ('shop', 'Add a spinner') returning id`;
  return row?.id ?? "";
}

test("the statuses in Postgres are those in TypeScript, with the same moves and tasks", async () => {
  const rows =
    await database.sql`select entity, status, initial, moves, tasks from fairlead.statuses order by entity, position`;
  const declared = Object.entries(lifecycles).flatMap(([entity, lifecycle]) =>
    statusesOf<string>(lifecycle).map((status) => ({
      entity,
      status,
      initial: status === lifecycle.initial,
      moves: movesFrom<string>(lifecycle, status),
      tasks: [...((lifecycle.tasks as Record<string, readonly string[]>)[status] ?? [])],
    })),
  );
  expect([...rows]).toEqual(declared.sort((a, b) => a.entity.localeCompare(b.entity)));
});

/** Moves a change along its happy path by plain updates, up to a status. */
async function changeIn(status: "implementing" | "deployed" | "merging"): Promise<string> {
  const { sql } = database;
  const id = await newChange();
  await sql`update fairlead.change_requests set status = 'implementing', branch_name = ${`change/${id}`},
    target_branch = ${id} where id = ${id}`;
  if (status === "implementing") return id;
  await sql`update fairlead.change_requests set task = 'preview', head_commit = 'abc' where id = ${id}`;
  await sql`update fairlead.change_requests set status = 'deployed' where id = ${id}`;
  if (status === "deployed") return id;
  await sql`update fairlead.change_requests set status = 'approved' where id = ${id}`;
  return id;
}

async function statusOf(id: string): Promise<string | undefined> {
  const [row] = await database.sql<{ status: string }[]>`select status from fairlead.change_requests where id = ${id}`;
  return row?.status;
}

test("an insert of workspace and text starts a change and enqueues its task under its id", async () => {
  const id = await newChange();
  const [job] = await database.sql`select j.task_identifier, j.key from fairlead.jobs j where j.key = ${id}`;
  expect(await statusOf(id)).toBe("provisioning");
  expect(job).toMatchObject({ taskIdentifier: "provision", key: id });
});

test("an illegal move is refused with its own SQLSTATE and names the legal moves", async () => {
  const id = await newChange();
  const refused = await database.sql`update fairlead.change_requests set status = 'approved' where id = ${id}`.catch(
    (error: unknown) => error,
  );
  expect(refused).toMatchObject({
    code: "FL001",
    hint: "From provisioning it can become: implementing, failed.",
  });
  expect(faultOf(refused)).toMatchObject({ code: "MOVE_ILLEGAL", details: { status: "provisioning" } });
});

test("every move that is not declared is refused, from every status", async () => {
  const legal = movesFrom(lifecycles.change, "deployed");
  for (const to of statusesOf(lifecycles.change)) {
    if (to === "deployed" || (legal as string[]).includes(to)) continue;
    const id = await changeIn("deployed");
    const move = database.sql`update fairlead.change_requests set status = ${to} where id = ${id}`;
    await expect(move, to).rejects.toMatchObject({ code: "FL001" });
  }
});

test("each move adds one to the version, and no UPDATE can set it", async () => {
  const id = await newChange();
  await database.sql`update fairlead.change_requests set version = 99, summary = 'x' where id = ${id}`;
  const [row] = await database.sql`select version from fairlead.change_requests where id = ${id}`;
  expect(row).toEqual({ version: 2 });
});

test("there is one event at each move, in order, with who decided", async () => {
  const id = await changeIn("deployed");
  await database.sql`select fairlead.approve_change(${id}, 'ann', 'fine')`;
  await database.sql`update fairlead.change_requests set status = 'merged', merge_commit_sha = 'abc' where id = ${id}`;
  const events = await database.sql`
    select kind, version, actor from fairlead.events where entity_id = ${id} order by xid, seq`;
  expect(events.map(({ kind, version }) => `${version} ${kind}`)).toEqual([
    "1 change.pending",
    "2 change.provisioning",
    "3 change.implementing",
    "4 change.implement_done",
    "5 change.deployed",
    "6 change.approved",
    "7 change.merging",
    "8 change.merged",
  ]);
  expect(events.find(({ kind }) => kind === "change.approved")?.actor).toBe("ann");
});

test("an approval of an earlier preview does not merge a later one", async () => {
  const id = await changeIn("deployed");
  const [seen] = await database.sql<
    { version: number }[]
  >`select version from fairlead.change_requests where id = ${id}`;
  await database.sql`select fairlead.request_changes(${id}, 'bigger')`;
  await database.sql`update fairlead.change_requests set task = 'preview' where id = ${id}`;
  await database.sql`update fairlead.change_requests set status = 'deployed' where id = ${id}`;
  const approval = database.sql`select fairlead.approve_change(${id}, 'ann', null, ${seen?.version ?? 0})`;
  await expect(approval).rejects.toMatchObject({ code: "FL002" });
  expect(await statusOf(id)).toBe("deployed");
});

test("of approve, reject and cancel at once exactly one wins, in a thousand rounds", async () => {
  const wins: Record<string, number> = {};
  for (let round = 0; round < 1000; round += 1) {
    const id = await changeIn("deployed");
    const [seen] = await database.sql<
      { version: number }[]
    >`select version from fairlead.change_requests where id = ${id}`;
    const version = seen?.version ?? 0;
    const said = await Promise.allSettled([
      database.sql`select fairlead.approve_change(${id}, 'ann', null, ${version})`,
      database.sql`select fairlead.reject_change(${id}, 'bob', null, ${version})`,
      database.sql`select fairlead.cancel_change(${id}, 'cyd', null, ${version})`,
    ]);
    const won = said.flatMap(({ status }, index) => (status === "fulfilled" ? [index] : []));
    expect(won).toHaveLength(1);
    const end = ["merging", "rejected", "failed"][won[0] ?? 9];
    expect(await statusOf(id)).toBe(end);
    wins[end ?? ""] = (wins[end ?? ""] ?? 0) + 1;
    await database.sql`update fairlead.change_requests set status = 'failed', failure_kind = 'merge', failure_message = 'test'
      where id = ${id} and status = 'merging'`;
    await database.sql`update fairlead.environments set status = 'terminated' where change_id = ${id}`;
  }
  expect(Object.keys(wins).length).toBeGreaterThan(1);
}, 120_000);

test("a change that fails takes its environment along to its clean-up", async () => {
  const id = await changeIn("implementing");
  await database.sql`select fairlead.cancel_change(${id}, 'ann', 'not now')`;
  const [environment] = await database.sql`select status, task from fairlead.environments where change_id = ${id}`;
  const [change] = await database.sql`
    select failure_kind, failure_message, failed_in from fairlead.change_requests where id = ${id}`;
  expect(environment).toEqual({ status: "terminating", task: "cleanup" });
  expect(change).toEqual({
    failureKind: "cancelled",
    failureMessage: "cancelled by ann: not now",
    failedIn: "implementing",
  });
});

test("a retry begins anew in a fresh environment and remembers what went wrong", async () => {
  const id = await changeIn("implementing");
  const before = await database.sql`select environment_id from fairlead.change_requests where id = ${id}`;
  await database.sql`update fairlead.change_requests set status = 'failed', failure_kind = 'agent', failure_message = 'no'
    where id = ${id}`;
  await database.sql`select fairlead.retry_change(${id}, 'ann')`;
  // Not before the clean-up has saved the work that the retry goes on from.
  expect(await statusOf(id)).toBe("pending");
  const [board] = await database.sql`select waiting_for from fairlead.change_board where id = ${id}`;
  expect(board).toEqual({ waitingFor: "the clean-up of its last environment" });
  await database.sql`update fairlead.environments set status = 'terminated' where change_id = ${id}`;
  const [after] = await database.sql`
    select status, environment_id, last_failure, failure_kind, branch_name from fairlead.change_requests where id = ${id}`;
  expect(after).toMatchObject({
    status: "provisioning",
    lastFailure: { kind: "agent", message: "no", in: "implementing", task: "implement" },
    failureKind: null,
    branchName: `change/${id}`,
  });
  expect(after?.environmentId).not.toBe(before[0]?.environmentId);
});

test("asking for changes without saying which is refused", async () => {
  const id = await changeIn("deployed");
  const bare = database.sql`update fairlead.change_requests set status = 'implementing' where id = ${id}`;
  await expect(bare).rejects.toMatchObject({ code: "FL004" });
  await expect(database.sql`select fairlead.request_changes(${id}, ' ')`).rejects.toMatchObject({ code: "FL004" });
});

test("a word that was said already is refused, and changes nothing", async () => {
  const { sql } = database;
  const failed = await changeIn("implementing");
  await sql`update fairlead.change_requests set status = 'failed', failure_kind = 'conflict', failure_message = 'a.txt'
    where id = ${failed}`;
  await expect(sql`select fairlead.cancel_change(${failed}, 'bob')`).rejects.toMatchObject({ code: "FL001" });
  const busy = await changeIn("implementing");
  await expect(sql`select fairlead.request_changes(${busy}, 'more')`).rejects.toMatchObject({ code: "FL001" });
  const rows = await sql`
    select failure_kind, feedback from fairlead.change_requests where id = any (${[failed, busy]}) order by id`;
  expect([...rows]).toEqual([
    { failureKind: "conflict", feedback: null },
    { failureKind: null, feedback: null },
  ]);
});

test("a status keeps the task it waits for", async () => {
  const id = await changeIn("implementing");
  await expect(database.sql`update fairlead.change_requests set task = null where id = ${id}`).rejects.toMatchObject({
    code: "FL001",
  });
});

test("a hand-over of an older version does not replace the job that is needed", async () => {
  const { sql } = database;
  const id = await changeIn("implementing");
  const [row] = await sql<{ version: number }[]>`select version from fairlead.change_requests where id = ${id}`;
  const version = row?.version ?? 0;
  await handOver(sql, { id, version: version - 1 });
  await handOver(sql, { id, version });
  const jobs = await sql`
    select task_identifier, payload from fairlead.jobs j join ${sql(jobsTable)} p using (id) where p.key = ${id}`;
  expect([...jobs]).toEqual([{ taskIdentifier: "implement", payload: { id, version } }]);
});

test("the same idempotency key gives the same change, also when twenty ask at once, and leaves one event", async () => {
  const ask = () =>
    database.sql<{ id: string }[]>`select id from fairlead.request_change('shop', 'Once', idempotency_key => 'k')`;
  const rows = await Promise.all(Array.from({ length: 20 }, ask));
  const ids = new Set(rows.map(([row]) => row?.id));
  expect(ids.size).toBe(1);
  const [{ count } = { count: 0 }] = await database.sql<{ count: number }[]>`
    select count(*) from fairlead.events where kind = 'change.pending' and data ->> 'request_text' = 'Once'`;
  expect(count).toBe(1);
  const other = database.sql`select fairlead.request_change('shop', 'Another', idempotency_key => 'k')`;
  await expect(other).rejects.toMatchObject({ code: "FL004" });
});

test("what a person looked at can't be changed under them, nor whose a change is", async () => {
  const { sql } = database;
  const id = await changeIn("deployed");
  await sql`insert into fairlead.workspaces (name, repository_url) values ('other', '/nowhere/other.git')`;
  for (const change of [
    { headCommit: "def" },
    { targetBranch: "production" },
    { repositoryUrl: "/elsewhere" },
    { workspace: "other" },
    { environmentId: null },
    { id: "01K5TZ8M3RB6Q4W2E9XJDVH7NC" },
  ]) {
    const update = sql`update fairlead.change_requests set ${sql(change)} where id = ${id}`;
    await expect(update, JSON.stringify(change)).rejects.toMatchObject({ code: "FL001" });
  }
});

test("comments that are none, and texts that say nothing, are refused", async () => {
  const { sql } = database;
  const id = await changeIn("deployed");
  for (const comments of [
    { a: 1 },
    [null],
    [{ line: "x", text: "y" }],
    [{ file: ["x"], text: "y" }],
    [{ file: "x" }],
  ]) {
    const word = sql`select fairlead.request_changes(${id}, 'again', comments => ${sql.json(comments as never)})`;
    await expect(word, JSON.stringify(comments)).rejects.toMatchObject({ code: "FL004" });
  }
  for (const text of ["", " \n", "\u200b\u202e", "x".repeat(10_001)]) {
    const insert = sql`insert into fairlead.change_requests (workspace, request_text) values ('shop', ${text})`;
    await expect(insert, JSON.stringify(text.slice(0, 9))).rejects.toMatchObject({ code: "FL004" });
  }
});

test("merges into one branch go one at a time, and the oldest approval is next", async () => {
  const { sql } = database;
  const ids = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const id = await newChange();
      await sql`update fairlead.change_requests set status = 'implementing', branch_name = ${id}, target_branch = 'main'
        where id = ${id}`;
      await sql`update fairlead.change_requests set task = 'preview', head_commit = 'abc' where id = ${id}`;
      await sql`update fairlead.change_requests set status = 'deployed' where id = ${id}`;
      return id;
    }),
  );
  await Promise.all(ids.map((id) => sql`select fairlead.approve_change(${id}, 'ann')`));
  for (let left = ids.length; left > 0; left -= 1) {
    const merging = await sql<{ id: string }[]>`
      select id from fairlead.change_requests where id = any (${ids}) and status = 'merging'`;
    expect(merging).toHaveLength(1);
    await sql`update fairlead.change_requests set status = 'merged', merge_commit_sha = 'abc' where id = ${merging[0]?.id ?? ""}`;
  }
});
