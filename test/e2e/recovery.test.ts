import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ChangeId, EnvironmentId } from "../../src/domain/ids.ts";
import { said } from "../support/history.ts";
import { filesOn, gitIn, makeWorld, type World, write } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld({ FAIRLEAD_PUSH_SECONDS: "1" });
  await world.startWorker();
});
afterAll(() => world.close());

const say = (text: string) => ({ do: "say", text });
const commit = { do: "commit", message: "Half" };
const hang = { do: "hang", ignoreTerm: false };

/** From now on the scripted agent of a workspace does this. */
async function nowDoes(workspace: string, ...steps: object[]): Promise<void> {
  const { sql } = world.database;
  await sql`update fairlead.workspaces set agent_settings = ${sql.json({ rounds: [steps] } as never)}
    where name = ${workspace}`;
}

test("an environment that vanishes is replaced, and what the agent had committed is not lost", async () => {
  const remote = await world.repository();
  await world.workspace("vanishes", remote, [[write("half", "1"), commit, say("half done"), hang]]);
  const id = await world.request("vanishes", "Two halves");
  const { environmentId } = await said(world, id, "half done");
  const { branchName } = await world.change(id);
  await world.row(async () => ((await filesOn(remote, branchName)).includes("half") ? [{}] : []));
  await nowDoes("vanishes", write("rest", "2"));
  await rm(join(world.home, "environments", environmentId), { recursive: true, force: true });

  const change = await world.reaches(id, "deployed");
  expect(change.environmentId).not.toBe(environmentId);
  expect(await filesOn(remote, branchName)).toEqual(["half", "index.html", "rest"]);
  const events = await world.database.sql<{ kind: string; data: Record<string, string> }[]>`
    select kind, data from fairlead.events where change_id = ${id} and entity = 'change' order by xid, seq`;
  expect(events.map(({ kind }) => kind.slice("change.".length))).toEqual([
    ...["pending", "provisioning", "implementing"],
    ...["pending", "provisioning", "implementing", "implement_done", "deployed"],
  ]);
  expect(events[3]?.data.lost_environment).toMatch(/vanished/);
});

/** An agent that writes half of its work and hangs, so many times, and then writes the rest. */
const interrupted = (times: number) =>
  `echo 1 >> half; if [ "$(wc -l < half)" -le ${times} ]; then touch ready; exec sleep 600; fi; echo 2 > rest`;

/** Sends a signal to the agent's process as soon as it has come to where it hangs. */
async function kill(id: ChangeId, name: string, signal: NodeJS.Signals): Promise<EnvironmentId> {
  const { environmentId } = await world.row(async () => {
    const change = await world.change(id);
    const ready = join(world.home, "environments", String(change.environmentId), "checkout", "ready");
    return change.environmentId !== null && existsSync(ready) ? [change] : [];
  });
  const environment = world.services.provider("local").open(environmentId as EnvironmentId, "");
  const agent = await environment.adopt(name);
  if (agent.state !== "running") throw new Error(`the agent is ${agent.state}`);
  await rm(join(environment.checkout, "ready"));
  process.kill(agent.pid, signal);
  return environment.id;
}

async function interruptedChange(name: string, times: number): Promise<{ id: ChangeId; remote: string }> {
  const { sql } = world.database;
  const remote = await world.repository();
  await world.workspace(name, remote, []);
  const settings = sql.json({ argv: ["sh", "-c", interrupted(times)] });
  await sql`update fairlead.workspaces set agent = 'command', agent_settings = ${settings} where name = ${name}`;
  return { id: await world.request(name, "Two halves"), remote };
}

test.each(["SIGTERM", "SIGKILL"] as const)(
  "an agent that is ended by %s from outside goes on where it was, with what it had not committed",
  async (signal) => {
    const { id, remote } = await interruptedChange(`ended-by-${signal.toLowerCase()}`, 2);
    const environmentId = await kill(id, "agent-1", signal);
    await kill(id, "agent-1-resumed-1", signal);
    const change = await world.reaches(id, "deployed");
    expect(change.environmentId).toBe(environmentId);
    expect(await filesOn(remote, change.branchName)).toEqual(["half", "index.html", "rest"]);
    expect(await gitIn(remote, "show", `${change.branchName}:half`)).toBe("1\n1\n1");
  },
);

test("an agent that is killed a third time goes on in a fresh environment, with what it had not committed", async () => {
  const { id, remote } = await interruptedChange("killed-thrice", 3);
  const environmentId = await kill(id, "agent-1", "SIGKILL");
  await kill(id, "agent-1-resumed-1", "SIGKILL");
  await kill(id, "agent-1-resumed-2", "SIGKILL");
  const change = await world.reaches(id, "deployed");
  expect(change.environmentId).not.toBe(environmentId);
  expect(await filesOn(remote, change.branchName)).toEqual(["half", "index.html", "rest"]);
});

test("what each start of a killed agent has cost is counted, also when its environment is given up", async () => {
  await world.workspace("costly", await world.repository(), [[{ do: "cost", usd: 1 }, say("spent"), hang]]);
  const id = await world.request("costly", "x");
  for (const name of ["agent-1", "agent-1-resumed-1", "agent-1-resumed-2"]) {
    const { environmentId, pid } = await world.row(async () => {
      const { environmentId } = await world.change(id);
      const environment = world.services.provider("local").open(environmentId ?? ("" as never), "");
      const [agent, output] = await Promise.all([
        environment.adopt(name),
        environment.read(name, "stdout", 0, 100_000),
      ]);
      return agent.state === "running" && output.includes("spent") ? [{ environmentId, pid: agent.pid }] : [];
    });
    expect(environmentId).not.toBeNull();
    if (name === "agent-1-resumed-2") await nowDoes("costly", { do: "cost", usd: 0.5 }, write("a", "a"));
    process.kill(pid, "SIGKILL");
  }
  const { costUsd, environmentId } = await world.reaches(id, "deployed");
  expect(environmentId).not.toBeNull();
  expect(costUsd).toBe(3.5);
});

test("what an agent has cost is counted when its work can't be pushed", async () => {
  const remote = await world.repository();
  await world.workspace("refused", remote, [[{ do: "cost", usd: 2 }, write("a", "a")]]);
  await writeFile(join(remote, "hooks", "pre-receive"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const { failedIn, costUsd } = await world.reaches(await world.request("refused", "x"), "failed");
  expect({ failedIn, costUsd }).toEqual({ failedIn: "implementing", costUsd: 2 });
});

test("the third environment that is lost fails the change with kind environment, and a retry begins to count anew", async () => {
  const { sql } = world.database;
  await world.workspace("thrice", await world.repository(), [[say("here"), hang]]);
  const id = await world.request("thrice", "x");
  const seen = new Set<string>();
  for (let lost = 0; lost < 3; lost += 1) {
    const { environmentId } = await world.row(
      () => sql<{ environmentId: string }[]>`
        select environment_id from fairlead.log_chunks
        where change_id = ${id} and text like '%here%' and environment_id <> all (${[...seen]})`,
    );
    seen.add(environmentId);
    await rm(join(world.home, "environments", environmentId), { recursive: true, force: true, maxRetries: 5 });
  }
  const failed = await world.reaches(id, "failed");
  expect(failed).toMatchObject({ failureKind: "environment", failedIn: "implementing" });
  expect(failed.failureMessage).toMatch(/third environment/);
  await world.cleaned(id);
  await nowDoes("thrice", write("a", "a"));
  await sql`select fairlead.retry_change(${id}, 'ann')`;
  await world.reaches(id, "deployed");
});

test("a preview that has ended while it waited for a person is there again, and the agent is not asked again", async () => {
  const remote = await world.repository();
  await world.workspace("rebooted", remote, [[write("a", "a")]]);
  const id = await world.request("rebooted", "x");
  const before = await world.reaches(id, "deployed");
  const environment = world.services.provider("local").open(before.environmentId ?? ("" as never), remote);
  await environment.stop("preview-1", 500);
  await world.database.sql`select fairlead.look_again()`;
  await world.row(async () => ((await world.change(id)).version > before.version ? [{}] : []));
  const after = await world.reaches(id, "deployed");
  expect((await fetch(after.previewUrl ?? "")).status).toBe(200);
  expect(after.headCommit).toBe(before.headCommit);
  const agents = await world.database.sql`
    select from fairlead.resources where change_id = ${id} and kind = 'process' and name like 'agent-%'`;
  expect(agents).toHaveLength(1);
});

test("what is cleaned up is crossed out only when it is gone, and a branch only once its change is decided", async () => {
  const { sql } = world.database;
  const remote = await world.repository();
  await world.workspace("ledger", remote, [[write("a", "a")]]);
  const id = await world.request("ledger", "x");
  const { branchName, previewPort } = await world.reaches(id, "deployed");
  const resources = () => sql<{ kind: string; name: string; state: string }[]>`
    select kind, name, state from fairlead.resources where change_id = ${id} order by kind, name`;
  const names = ["branch", "environment", "port", "process", "process", "worktree"];
  expect((await resources()).map(({ kind, state }) => `${kind} ${state}`)).toEqual(
    names.map((kind) => `${kind} present`),
  );
  expect((await resources()).map(({ name }) => name)).toEqual(
    expect.arrayContaining([branchName, String(previewPort), "agent-1", "preview-1"]),
  );
  await sql`select fairlead.approve_change(${id}, 'ann')`;
  await world.reaches(id, "merged");
  await world.cleaned(id);
  expect((await resources()).map(({ kind, state }) => `${kind} ${state}`)).toEqual(names.map((kind) => `${kind} gone`));
});

test("what an ended environment has left behind is a leak until reconciling has removed it", async () => {
  const { sql } = world.database;
  await world.workspace("leaky", await world.repository(), [[write("a", "a")]]);
  const id = await world.request("leaky", "x");
  const { environmentId } = await world.reaches(id, "deployed");
  await sql`select fairlead.reject_change(${id}, 'ann')`;
  await world.cleaned(id);
  const provider = world.services.provider("local");
  await mkdir(join(world.home, "environments", environmentId ?? "", "checkout"), { recursive: true });
  await sql`update fairlead.resources set state = 'present' where environment_id = ${environmentId} and kind = 'worktree'`;
  expect(await sql`select from fairlead.leaks where change_id = ${id}`).toHaveLength(1);
  await sql`select fairlead.look_again()`;
  await world.row(async () => {
    const leaks = await sql`select from fairlead.leaks`;
    return leaks.length === 0 ? [{}] : [];
  });
  expect(await provider.remains(environmentId ?? ("" as never))).toEqual({ folder: false, processes: [] });
});
