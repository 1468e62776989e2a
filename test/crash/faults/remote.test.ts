import { existsSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { ChangeId } from "../../../src/domain/ids.ts";
import { countedAgent } from "../../support/counted-agent.ts";
import { eventsOf } from "../../support/history.ts";
import { begunAnew, cutLock, workerProcess } from "../../support/worker-process.ts";
import { gitIn, makeWorld, type World, write } from "../../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld({ FAIRLEAD_MERGE_TIMEOUT_SECONDS: "15", FAIRLEAD_LOG_LEVEL: "error" });
});
afterAll(() => world.close());

const exists = (path: string) => world.row(async () => (existsSync(path) ? [{}] : []));

/** Runs on the remote before a push is taken: `lines` of shell, with the pushed refs in $refs. */
async function onPush(remote: string, ...lines: string[]): Promise<void> {
  const text = ["#!/bin/sh", "refs=$(cat)", ...lines, ""].join("\n");
  await writeFile(join(remote, "hooks", "pre-receive"), text, { mode: 0o755 });
}

/** A change that waits for its approval, and a worker for as long as the test lasts. */
async function underReview(name: string): Promise<{ id: ChangeId; remote: string }> {
  const worker = await world.startWorker();
  onTestFinished(() => worker.stop());
  const remote = await world.repository();
  await world.workspace(name, remote, [[write("a", "a")]]);
  const id = await world.request(name, "Wait for it");
  await world.reaches(id, "deployed");
  return { id, remote };
}

/** Brings the remote back from where it was moved to, and looks that the change is merged there once. */
async function landsOnce(id: ChangeId, remote: string): Promise<void> {
  await rename(`${remote}-away`, remote);
  const merged = await world.reaches(id, "merged");
  const merges = await gitIn(remote, "log", "--format=%H", `--grep=Fairlead-Change: ${id}`, "main");
  expect(merges).toBe(merged.mergeCommitSha);
}

test("a remote that is gone when the merge comes to it and is back later gets it then, once", async () => {
  const { sql } = world.database;
  const { id, remote } = await underReview("away");
  await rename(remote, `${remote}-away`);
  await sql`select fairlead.approve_change(${id}, 'ann')`;
  await world.reaches(id, "merging");
  // Another change, of a repository that is there, does not wait behind it.
  await world.workspace("there", await world.repository(), [[write("a", "a")]]);
  const other = await world.reaches(await world.request("there", "Go ahead"), "deployed");
  await sql`select fairlead.approve_change(${other.id}, 'ann')`;
  await world.reaches(other.id, "merged");
  expect((await world.change(id)).status).toBe("merging");
  await landsOnce(id, remote);
}, 60_000);

test("a remote that goes in the middle of the push and comes back gets the merge once", async () => {
  const { sql } = world.database;
  const { id, remote } = await underReview("cut-off");
  const pushed = join(world.home, "cut-off-pushed");
  await onPush(remote, `touch ${pushed}`, "sleep 1", "kill -9 $PPID", "sleep 1");
  await sql`select fairlead.approve_change(${id}, 'ann')`;
  await exists(pushed);
  await rename(remote, `${remote}-away`);
  await rm(join(`${remote}-away`, "hooks", "pre-receive"));
  expect((await world.change(id)).status).toBe("merging");
  await landsOnce(id, remote);
}, 60_000);

test("a remote that stays away fails the merge in the end with kind merge, and says which it is", async () => {
  const hasty = await makeWorld({ FAIRLEAD_MERGE_TIMEOUT_SECONDS: "3", FAIRLEAD_LOG_LEVEL: "error" });
  try {
    await hasty.startWorker();
    const remote = await hasty.repository();
    await hasty.workspace("lost", remote, [[write("a", "a")]]);
    const id = await hasty.request("lost", "x");
    await hasty.reaches(id, "deployed");
    await rename(remote, `${remote}-away`);
    await hasty.database.sql`select fairlead.approve_change(${id}, 'ann')`;
    const failed = await hasty.reaches(id, "failed");
    expect(failed).toMatchObject({ failureKind: "merge", failedIn: "merging" });
    expect(failed.failureMessage).toMatch(`The repository ${remote} can't be reached`);
  } finally {
    await hasty.close();
  }
}, 60_000);

test("a push that the remote refuses fails the change in the remote's words, and a retry goes on from the work when the remote allows it", async () => {
  const { sql } = world.database;
  const worker = await world.startWorker();
  const remote = await world.repository();
  await onPush(remote, "echo 'files over 5 bytes need a ticket' >&2", "exit 1");
  const script = "if [ -f precious.txt ]; then echo more > more.txt; else echo work > precious.txt; fi";
  await countedAgent(world, "refused", remote, script);
  const id = await world.request("refused", "Keep this");
  const failed = await world.reaches(id, "failed");
  expect(failed.failedIn).toBe("implementing");
  expect(failed.failureMessage).toContain("files over 5 bytes need a ticket");
  await world.cleaned(id);
  expect(await world.services.provider("local").list()).not.toContain(failed.environmentId);
  const { notices } = await world.change(id);
  expect(notices).toHaveLength(1);
  expect(notices[0]?.text).toContain("files over 5 bytes need a ticket");
  expect(notices[0]?.text).toContain(`as refs/fairlead/unpushed/${failed.branchName}`);

  await rm(join(remote, "hooks", "pre-receive"));
  await sql`select fairlead.retry_change(${id}, 'ann')`;
  const { headCommit } = await world.reaches(id, "deployed");
  expect(await gitIn(remote, "show", `${failed.branchName}:precious.txt`)).toBe("work");
  expect(await gitIn(remote, "show", `${failed.branchName}:more.txt`)).toBe("more");
  expect(await gitIn(remote, "rev-parse", String(failed.branchName))).toBe(headCommit);
  await worker.stop();
}, 60_000);

test("a worker that is cut off while it pushes and the one that pushes after it leave one commit", async () => {
  const remote = await world.repository();
  const pushed = join(world.home, "slow-pushed");
  await onPush(remote, `touch ${pushed}`, "sleep 1.5");
  const agent = await countedAgent(world, "slow", remote, "echo made > made.txt");
  const cut = await workerProcess(world);
  const id = await world.request("slow", "x");
  await exists(pushed);
  const successor = await workerProcess(world);
  await cutLock(world, cut.id);
  await begunAnew(world, cut);
  const deployed = await world.reaches(id, "deployed");
  expect(await agent.starts()).toBe(1);
  expect(await gitIn(remote, "rev-list", `main..${deployed.branchName}`)).toBe(deployed.headCommit);
  expect((await eventsOf(world, id)).filter((event) => event.startsWith("change."))).toHaveLength(5);
  for (const worker of [cut, successor]) worker.kill("SIGTERM");
}, 60_000);
