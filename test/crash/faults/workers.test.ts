import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { countedAgent, saysLines } from "../../support/counted-agent.ts";
import { eventsOf, logOf, said } from "../../support/history.ts";
import { begunAnew, cutLock, type WorkerProcess, workerProcess } from "../../support/worker-process.ts";
import { gitIn, makeWorld, type World } from "../../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.close());

const lines = (count: number) => Array.from({ length: count }, (_, n) => `line ${n + 1}\n`).join("");
const ofAChange = ["pending", "provisioning", "implementing", "implement_done", "deployed"];
const ofItsEnvironment = ["provisioning", "ready"];

/** The events of a change that came to its preview with nothing done twice. */
async function expectOnce(id: string): Promise<void> {
  const kinds = (await eventsOf(world, id)).map((event) => event.split(" ")[0]);
  expect(kinds.filter((kind) => kind?.startsWith("change."))).toEqual(ofAChange.map((kind) => `change.${kind}`));
  const own = kinds.filter((kind) => kind?.startsWith("environment."));
  expect(own).toEqual(ofItsEnvironment.map((kind) => `environment.${kind}`));
}

async function attemptsOf(id: string): Promise<number[]> {
  const jobs = await world.database.sql<{ attempts: number }[]>`
    select attempts from fairlead.jobs where key = ${id}`;
  return jobs.map(({ attempts }) => attempts);
}

/** Leaves no worker behind, so that the next test has its own alone. */
async function end(...workers: WorkerProcess[]): Promise<void> {
  for (const worker of workers) worker.kill("SIGTERM");
  for (const { exited } of workers) await exited;
}

test("a worker that slept through its own death settles nothing, begins anew under a new id, and works on", async () => {
  const remote = await world.repository();
  const agent = await countedAgent(world, "zombie", remote, saysLines(12, 0.2));
  const zombie = await workerProcess(world);
  const id = await world.request("zombie", "x");
  await said(world, id, "line 3");
  zombie.kill("SIGSTOP");
  await cutLock(world, zombie.id);
  const successor = await workerProcess(world);
  await world.reaches(id, "deployed");
  const before = await eventsOf(world, id);

  zombie.kill("SIGCONT");
  await begunAnew(world, zombie);
  expect(await eventsOf(world, id)).toEqual(before);
  await expectOnce(id);
  expect(await agent.starts()).toBe(1);
  expect(await logOf(world, id)).toBe(lines(12));
  expect(await gitIn(remote, "log", "--format=%s", `main..${(await world.change(id)).branchName}`)).toBe("x");

  await end(successor);
  await world.reaches(await world.request("zombie", "y"), "deployed");
  await end(zombie);
}, 60_000);

test("a worker that loses its lock in the middle of an agent hands over: the agent is started once", async () => {
  const agent = await countedAgent(world, "cut", await world.repository(), saysLines(15, 0.2));
  const workers = [await workerProcess(world), await workerProcess(world)];
  const id = await world.request("cut", "x");
  await said(world, id, "line 2");
  for (const worker of workers) {
    await cutLock(world, worker.id);
    await begunAnew(world, worker);
  }
  await world.reaches(id, "deployed");
  await expectOnce(id);
  expect(await agent.starts()).toBe(1);
  expect(await logOf(world, id)).toBe(lines(15));
  await end(...workers);
}, 60_000);

test("a worker that is frozen for ten seconds keeps its job, spends no attempt, and continues", async () => {
  const agent = await countedAgent(world, "still", await world.repository(), saysLines(15, 0.2));
  const still = await workerProcess(world);
  const id = await world.request("still", "x");
  await said(world, id, "line 2");
  const other = await workerProcess(world);
  const before = await eventsOf(world, id);
  still.kill("SIGSTOP");
  await delay(10_000);
  expect(await eventsOf(world, id)).toEqual(before);
  expect(await attemptsOf(id)).toEqual([1]);
  still.kill("SIGCONT");
  await world.reaches(id, "deployed");
  await expectOnce(id);
  expect(await agent.starts()).toBe(1);
  expect(await logOf(world, id)).toBe(lines(15));
  await end(still, other);
}, 60_000);
