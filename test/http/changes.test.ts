import { afterAll, beforeAll, expect, test } from "vitest";
import { changeIn, type Served, serve } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
  const { world } = served;
  await world.workspace("shop", await world.repository(), []);
  await world.workspace("blog", await world.repository(), []);
});
afterAll(() => served.close());

const asked = { workspace: "shop", request_text: "Add a loading spinner" };

test("a change that is asked for is accepted, names whose token it was, and is found under its Location", async () => {
  const answer = await served.ask("POST", "/api/changes", { as: "request", body: asked });
  expect(answer.status).toBe(202);
  expect(answer.body).toMatchObject({
    ...asked,
    deduplicated: false,
    source: "api",
    requester_name: "the request",
    status: "provisioning",
    target_branch: "main",
    agent: "scripted",
  });
  const found = await served.ask("GET", answer.headers.get("location") ?? "", { as: "read" });
  expect(found.status).toBe(200);
  expect(found.body.id).toBe(answer.body.id);
});

test("the same idempotency key again gives the same change, from the body as from the header", async () => {
  const first = await served.ask("POST", "/api/changes", { body: { ...asked, idempotency_key: "k-1" } });
  const again = await served.ask("POST", "/api/changes", { body: { ...asked, idempotency_key: "k-1" } });
  const header = await served.ask("POST", "/api/changes", { body: asked, headers: { "Idempotency-Key": "k-1" } });
  expect([first.status, again.status, header.status]).toEqual([202, 200, 200]);
  expect([again.body.deduplicated, header.body.deduplicated]).toEqual([true, true]);
  expect(new Set([first.body.id, again.body.id, header.body.id]).size).toBe(1);
});

test("an idempotency key does not answer for another request, nor do two keys that differ", async () => {
  const headers = { "Idempotency-Key": "k-2" };
  await served.ask("POST", "/api/changes", { body: asked, headers });
  const other = await served.ask("POST", "/api/changes", {
    body: { ...asked, request_text: "Something else" },
    headers,
  });
  const both = await served.ask("POST", "/api/changes", { body: { ...asked, idempotency_key: "k-3" }, headers });
  expect([other.status, other.body.code]).toEqual([400, "ARGUMENT_INVALID"]);
  expect([both.status, both.body.errors[0].path]).toEqual([400, "body.idempotency_key"]);
});

test("twenty requests at once with one key make one change", async () => {
  const body = { ...asked, idempotency_key: "k-many" };
  const answers = await Promise.all(Array.from({ length: 20 }, () => served.ask("POST", "/api/changes", { body })));
  expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
});

test("an unknown workspace, agent or branch is refused and says which there are", async () => {
  const workspace = await served.ask("POST", "/api/changes", { body: { ...asked, workspace: "shoop" } });
  expect([workspace.status, workspace.body.code]).toEqual([404, "WORKSPACE_UNKNOWN"]);
  expect(workspace.body.detail).toContain("shop");
  const agent = await served.ask("POST", "/api/changes", { body: { ...asked, agent: "gremlin" } });
  expect([agent.status, agent.body.code]).toEqual([400, "AGENT_UNKNOWN"]);
  for (const target_branch of ["nope", "-x", "$(touch /tmp/x)", "a..b"]) {
    const branch = await served.ask("POST", "/api/changes", { body: { ...asked, target_branch } });
    expect([branch.status, branch.body.code]).toEqual([400, "TARGET_BRANCH_UNKNOWN"]);
  }
});

test("a change is found by the end of its id, in any case, and not by one that is nobody's", async () => {
  const id = await changeIn(served.world, "implementing");
  const short = await served.ask("GET", `/api/changes/${id.slice(-8).toLowerCase()}`);
  expect(short.body.id).toBe(id);
  const unknown = await served.ask("GET", "/api/changes/ZZZZZZZZ");
  expect([unknown.status, unknown.body.code]).toEqual([404, "CHANGE_UNKNOWN"]);
});

test("the list is filtered by workspace and by statuses, repeated or with commas", async () => {
  const id = await changeIn(served.world, "deployed", "blog");
  await changeIn(served.world, "implementing", "blog");
  const ids = async (query: string) =>
    (await served.ask("GET", `/api/changes?${query}`)).body.changes.map((change: { id: string }) => change.id);
  expect(await ids("workspace=blog")).toHaveLength(2);
  expect(await ids("workspace=blog&status=deployed")).toEqual([id]);
  expect(await ids("workspace=blog&status=deployed,merged")).toEqual([id]);
  expect(await ids("workspace=blog&status=deployed&status=implementing")).toHaveLength(2);
  expect(await ids("workspace=nowhere")).toEqual([]);
});

test("credentials in a repository's address are not shown", async () => {
  const { sql } = served.world.database;
  await sql`insert into fairlead.workspaces (name, repository_url, default_branch, agent)
    values ('secret', 'https://me:s3cret@example.com/x.git?token=s3cret', 'main', 'scripted')`;
  const id = await changeIn(served.world, "implementing", "secret");
  for (const path of [`/api/changes/${id}`, "/api/workspaces/secret", "/api/workspaces", "/api/changes"]) {
    expect((await served.ask("GET", path)).text).not.toContain("s3cret");
  }
});

test("the events of a change come in pages, oldest first", async () => {
  const id = await changeIn(served.world, "deployed");
  const all = await served.ask("GET", `/api/changes/${id}/events`);
  const first = await served.ask("GET", `/api/changes/${id}/events?limit=2`);
  const rest = await served.ask("GET", `/api/changes/${id}/events?after=${first.body.next}`);
  expect(all.body.events.map((event: { kind: string }) => event.kind)).toContain("change.deployed");
  expect([...first.body.events, ...rest.body.events]).toEqual(all.body.events);
  expect([all.body.next, rest.body.next]).toEqual([null, null]);
});

test("the log is read in pages as JSON, or as text where that is what is accepted", async () => {
  const id = await changeIn(served.world, "implementing");
  const { sql } = served.world.database;
  for (const [index, text] of ["one\ntwo\n", "three\n"].entries()) {
    await sql`insert into fairlead.log_chunks (change_id, environment_id, process, stream, start_byte, end_byte, text)
      values (${id}, 'e', 'setup', 'stdout', ${index * 10}, ${index * 10 + 8}, ${text})`;
  }
  const first = await served.ask("GET", `/api/changes/${id}/log?limit=1`);
  expect(first.body.entries[0].lines).toEqual([
    { kind: "output", text: "one" },
    { kind: "output", text: "two" },
  ]);
  const rest = await served.ask("GET", `/api/changes/${id}/log?after=${first.body.last_seq}&raw=true`);
  expect(rest.body.entries[0].lines).toEqual([{ kind: "output", text: "three" }]);
  const text = await served.ask("GET", `/api/changes/${id}/log`, { headers: { Accept: "text/plain" } });
  expect(text.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(text.text).toBe("one\ntwo\nthree\n");
});

test("the diff of a change that has pushed nothing is refused with its status", async () => {
  const id = await changeIn(served.world, "provisioning");
  const { status, body } = await served.ask("GET", `/api/changes/${id}/diff`);
  expect([status, body.code, body.current_status]).toEqual([409, "DIFF_NOT_READY", "provisioning"]);
});
