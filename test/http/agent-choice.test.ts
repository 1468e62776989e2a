import { afterAll, beforeAll, expect, test } from "vitest";
import type { Change } from "../../src/domain/change.ts";
import type { ChangeId } from "../../src/domain/ids.ts";
import type { Role } from "../../src/domain/role.ts";
import { gitIn } from "../support/world.ts";
import { type Answer, type Served, serve } from "./support.ts";

let served: Served;
let remote: string;
beforeAll(async () => {
  served = await serve();
  remote = await served.world.repository();
  await served.world.startWorker();
});
afterAll(() => served.close());

/** The command agent writes down under which settings it ran. */
const wrapper = (said: string) => ({ argv: ["sh", "-c", `echo ${said} > agent.txt`] });

const register = (name: string, more: object) =>
  served.ask("POST", "/api/workspaces", { body: { name, repository_url: remote, ...more } });

const ask = (workspace: string, agent: string | null, as: Role): Promise<Answer> =>
  served.ask("POST", "/api/changes", { as, body: { workspace, request_text: "Add a spinner", agent } });

/** What the agent of a change wrote. */
async function written({ branchName }: Change): Promise<string> {
  return gitIn(remote, "show", `${branchName}:agent.txt`);
}

const takeOff = (workspace: string) =>
  served.world.database.sql`update fairlead.workspaces set agents = '{}' where name = ${workspace}`;

test("a token that requests may name only the agents that the workspace allows, and an admin any", async () => {
  expect((await register("strict", { agent: "scripted", agents: { command: wrapper("wrapped") } })).status).toBe(201);
  for (const role of ["request", "review"] as const) {
    for (const agent of [null, "scripted", "command"]) expect((await ask("strict", agent, role)).status).toBe(202);
    const refused = await ask("strict", "claude", role);
    expect([refused.status, refused.body.code]).toEqual([403, "AGENT_NOT_ALLOWED"]);
    expect(refused.body.allowed).toEqual(["scripted", "command"]);
    expect(refused.body.detail).toContain("It allows: scripted, command.");
    for (const odd of ["constructor", "__proto__", "Claude", "claude ", "toString"]) {
      expect((await ask("strict", odd, role)).body.code).toMatch(/^AGENT_(UNKNOWN|NOT_ALLOWED)$/);
    }
  }
  expect((await ask("strict", "claude", "admin")).status).toBe(202);
});

test("an agent that is allowed besides the workspace's own works with the settings that the workspace has for it", async () => {
  await register("both", {
    agent: "command",
    agent_settings: wrapper("own"),
    agents: { scripted: { rounds: [[{ do: "write", path: "agent.txt", text: "listed" }]] } },
  });
  const own = await ask("both", null, "request");
  const listed = await ask("both", "scripted", "request");
  expect(await written(await served.world.reaches(own.body.id, "deployed"))).toBe("own");
  expect(await written(await served.world.reaches(listed.body.id, "deployed"))).toBe("listed");
});

test("an agent that is taken off the list is not started, in no later round and in no retry either", async () => {
  await register("changed", { agent: "scripted", agents: { command: wrapper("wrapped") } });
  const { sql } = served.world.database;
  await sql`update fairlead.workspaces set max_active_changes = 1 where name = 'changed'`;
  const first = await ask("changed", "command", "request");
  const deployed = await served.world.reaches(first.body.id, "deployed");
  const waiting = await ask("changed", "command", "request");
  await takeOff("changed");
  await sql`update fairlead.workspaces set max_active_changes = 9 where name = 'changed'`;
  const again = await served.ask("POST", `/api/changes/${deployed.id}/request-changes`, { body: { text: "Smaller" } });
  expect(again.status).toBe(200);
  for (const id of [waiting.body.id, deployed.id]) {
    const failed = await ended(id);
    expect([failed.failureKind, failed.failureMessage]).toEqual(["agent", expect.stringContaining("does not allow")]);
  }
  const retried = await served.ask("POST", `/api/changes/${waiting.body.id}/retry`, { as: "request", body: {} });
  expect(retried.status).toBe(200);
  expect((await ended(waiting.body.id)).failureMessage).toContain("It allows: scripted.");
});

test("an agent that only an admin may choose works with its own defaults, also in SQL", async () => {
  await register("free", { agent: "command", agent_settings: wrapper("own") });
  const chosen = await ask("free", "scripted", "admin");
  expect((await served.world.reaches(chosen.body.id, "deployed")).agentFree).toBe(true);
  const [row] = await served.world.database.sql<{ id: ChangeId }[]>`
    insert into fairlead.change_requests (workspace, request_text, agent, agent_free)
    values ('free', 'Add a spinner', 'scripted', false) returning id`;
  expect((await served.world.reaches(row?.id as ChangeId, "deployed")).agentFree).toBe(true);
  const [forged] = await served.world.database.sql<{ agentFree: boolean }[]>`
    insert into fairlead.change_requests (workspace, request_text, agent_free)
    values ('free', 'Add a spinner', true) returning agent_free`;
  expect(forged?.agentFree).toBe(false);
});

test("a request that was let through just before its agent was taken off the list does not get it", async () => {
  await register("raced", { agent: "scripted", agents: { command: wrapper("wrapped") } });
  const { sql } = served.world.database;
  const session = served.world.database.session();
  await session`begin`;
  await session`lock table fairlead.change_requests in access exclusive mode`;
  const asked = ask("raced", "command", "request");
  await served.world.row(
    () => sql`select from pg_stat_activity where query like '%fairlead.request_change(%' and wait_event_type = 'Lock'`,
  );
  await takeOff("raced");
  await session`commit`;
  const { status, body } = await asked;
  expect([status, body.code]).toEqual([403, "AGENT_NOT_ALLOWED"]);
  const rows = await sql`select status from fairlead.change_requests where workspace = 'raced'`;
  expect(rows).toEqual([{ status: "failed" }]);
});

test("settings of allowed agents are checked when the workspace is registered, and shown without secrets", async () => {
  const made = await register("shown", {
    agent: "scripted",
    agents: { command: { argv: ["true"], variables: { KEY: "s3cret" } }, claude: { maxBudgetUsd: 5 } },
  });
  expect(made.body.agents).toEqual({
    command: { argv: ["true"], variables: { KEY: "[hidden]" } },
    claude: { maxBudgetUsd: 5 },
  });
  const wrong = [
    [{ claude: { colour: "red" } }, "AGENT_SETTINGS_INVALID"],
    [{ robin: {} }, "AGENT_UNKNOWN"],
    [{ scripted: {} }, "REQUEST_INVALID"],
    [{ claude: [] }, "REQUEST_INVALID"],
    [{ claude: null }, "REQUEST_INVALID"],
    [[], "REQUEST_INVALID"],
  ] as const;
  for (const [agents, code] of wrong) {
    const { status, body } = await register("wrong", { agent: "scripted", agents });
    expect([agents, status, body.code]).toEqual([agents, 400, code]);
  }
  const { sql } = served.world.database;
  for (const agents of [
    "[]",
    "null",
    '{"claude": []}',
    '{"claude": null}',
    '{"claude": "x"}',
    '"claude"',
    '{"a": {}, "b": 1}',
  ]) {
    const update = sql`update fairlead.workspaces set agents = ${agents}::text::jsonb where name = 'shown'`;
    await expect(update, agents).rejects.toMatchObject({ code: "23514" });
  }
});

test("only an admin starts a run, and so chooses its agent", async () => {
  for (const as of ["read", "request", "review"] as const) {
    const { status, body } = await served.ask("POST", "/api/runs", { as, body: { plan_id: "x", agent: "claude" } });
    expect([status, body.code]).toEqual([403, "ROLE_TOO_LOW"]);
  }
});

async function ended(id: ChangeId): Promise<Change> {
  return served.world.row(async () => {
    const change = await served.world.change(id);
    return change.finishedAt === null ? [] : [change];
  });
}
