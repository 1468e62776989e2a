import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { implementChange } from "../../src/actions/changes/implement-change.ts";
import { commitTo, gitIn, makeWorld, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld({ FAIRLEAD_CONCURRENCY: "60" });
  await world.startWorker();
});
afterAll(() => world.close());

const write = (path: string, text: string) => ({ do: "write", path, text });

test("a person asks for changes: same branch, same session, same address, one round more", async () => {
  const { sql } = world.database;
  const remote = await world.repository();
  await world.workspace("rounds", remote, [
    [write("index.html", "small"), { do: "cost", usd: 0.5, inputTokens: 10, outputTokens: 5 }],
    [write("index.html", "bigger"), { do: "cost", usd: 0.25, inputTokens: 10, outputTokens: 5 }],
  ]);
  const id = await world.request("rounds", "A page");
  const first = await world.reaches(id, "deployed");
  const comments = sql.json([{ file: "index.html", line: 1, text: "bigger" }]);
  await sql`select fairlead.request_changes(${id}, 'Make it bigger', 'ann', ${comments})`;
  await world.reaches(id, "implementing");
  const second = await world.reaches(id, "deployed");
  expect(second).toMatchObject({
    round: 2,
    branchName: first.branchName,
    environmentId: first.environmentId,
    sessionId: first.sessionId,
    previewUrl: first.previewUrl,
  });
  expect(second.headCommit).not.toBe(first.headCommit);
  expect(await (await fetch(second.previewUrl ?? "")).text()).toBe("bigger");
  expect(second.inputTokens).toBe(20);
  await sql`select fairlead.approve_change(${id}, 'ann')`;
  await world.reaches(id, "merged");
  expect(await gitIn(remote, "show", "main:index.html")).toBe("bigger");
  await world.cleaned(id);
});

test("fifty executions of one change at once proceed as one", async () => {
  const { sql } = world.database;
  const remote = await world.repository();
  await world.workspace("fifty", remote, [
    [
      { do: "append", path: "log.txt", text: "ran\n" },
      { do: "wait", ms: 300 },
    ],
  ]);
  const id = await world.request("fifty", "Once");
  for (const status of ["provisioning", "implementing"] as const) {
    const change = await world.reaches(id, status, "implementing", "deployed");
    await sql`
      select fairlead.add_job(${change.task ?? "preview"}, json_build_object('id', ${id}::text, 'version', ${change.version}::int), null)
      from generate_series(1, 50)`;
  }
  const deployed = await world.reaches(id, "deployed");
  await sql`select fairlead.approve_change(${id}, 'ann')`;
  await world.row(() => sql`select from fairlead.jobs having count(*) = 0`);
  await world.reaches(id, "merged");
  expect(await gitIn(remote, "show", "main:log.txt")).toBe("ran");
  const events = await sql<
    { kind: string }[]
  >`select kind from fairlead.events where entity_id = ${id} order by xid, seq`;
  expect(events.map(({ kind }) => kind)).toEqual([
    "change.pending",
    "change.provisioning",
    "change.implementing",
    "change.implement_done",
    "change.deployed",
    "change.approved",
    "change.merging",
    "change.merged",
  ]);
  const merges = await gitIn(remote, "log", "--merges", "--format=%H", "main");
  expect(merges.split("\n")).toHaveLength(1);
  expect(deployed.round).toBe(1);
  await world.cleaned(id);
});

test("a job for an earlier version does nothing", async () => {
  const remote = await world.repository();
  await world.workspace("stale", remote, [[write("a", "a")]]);
  const id = await world.request("stale", "x");
  const deployed = await world.reaches(id, "deployed");
  await implementChange(world.services, { id, version: deployed.version - 1 }, new AbortController().signal);
  expect(await world.change(id)).toEqual(deployed);
});

test("ten changes merge into one branch one after the other, each exactly once", async () => {
  const { sql } = world.database;
  const remote = await world.repository();
  await sql`insert into fairlead.workspaces (name, repository_url, default_branch, agent, agent_settings, max_active_changes)
    values ('many', ${remote}, 'main', 'command', ${sql.json({ argv: ["sh", "-c", 'head -2 | tail -1 >/dev/null; touch "file-$FAIRLEAD_SESSION_ID"'] })}, 100)`;
  const ids = await Promise.all(Array.from({ length: 10 }, (_, n) => world.request("many", `Change number ${n}`)));
  await Promise.all(ids.map((id) => world.reaches(id, "deployed")));
  const colleague = `${remote}-colleague`;
  await execa("git", ["clone", "--quiet", remote, colleague]);
  await Promise.all(ids.map((id) => sql`select fairlead.approve_change(${id}, 'ann')`));
  await commitTo(colleague, { "meanwhile.txt": "x" }, "Meanwhile").catch(() => {}); // it may come too late: that is git's word
  await Promise.all(ids.map((id) => world.reaches(id, "merged")));
  const trailers = await gitIn(remote, "log", "--merges", "--format=%(trailers:key=Fairlead-Change,valueonly)", "main");
  expect(trailers.split("\n").filter(Boolean).sort()).toEqual([...ids].sort());
});
