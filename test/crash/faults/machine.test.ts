import { readlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EnvironmentId } from "../../../src/domain/ids.ts";
import { countedAgent } from "../../support/counted-agent.ts";
import { eventsOf, said } from "../../support/history.ts";
import { filesOn, makeWorld, type World, write } from "../../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld({ FAIRLEAD_LOG_LEVEL: "error" });
  await world.startWorker();
});
afterAll(() => world.close());

/** Kills the shell that watches over a change's agent, and gives how the agent is found after that. */
async function killSupervisor(id: string, remote: string) {
  const { environmentId } = await world.change(id as never);
  const environment = world.services.provider("local").open(environmentId as EnvironmentId, remote);
  const folder = join(world.home, "environments", environment.id, "processes", "agent-1");
  const pid = Number((await readlink(join(folder, "supervisor"))).split(" ")[1]);
  process.kill(pid, "SIGKILL");
  await world.row(async () => (isThere(pid) ? [] : [{}]));
  return environment;
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("an agent whose supervisor is killed keeps running, and when it ends without a recorded status it is started again in place", async () => {
  const remote = await world.repository();
  const goesOn = "if [ -f half.txt ]; then echo rest > rest.txt; exit 0; fi";
  const begins = "echo half > half.txt; echo half done; sleep 2; echo all I could; exit 3";
  const agent = await countedAgent(world, "orphan", remote, `${goesOn}; ${begins}`);
  const id = await world.request("orphan", "Two halves");
  await said(world, id, "half done");
  const environment = await killSupervisor(id, remote);
  expect((await environment.adopt("agent-1")).state).toBe("running");
  expect((await world.change(id)).status).toBe("implementing");
  await said(world, id, "all I could");

  const deployed = await world.reaches(id, "deployed");
  expect(deployed.environmentId).toBe(environment.id);
  expect(await filesOn(remote, deployed.branchName)).toEqual(["half.txt", "index.html", "rest.txt"]);
  expect(await agent.starts()).toBe(2);
  const moves = (await eventsOf(world, id)).filter((event) => event.startsWith("change."));
  expect(moves.map((event) => event.split(" ")[0])).toEqual(
    ["pending", "provisioning", "implementing", "implement_done", "deployed"].map((status) => `change.${status}`),
  );
});

test("an agent whose supervisor is killed is believed when it says itself that its work is done", async () => {
  const remote = await world.repository();
  const steps = [{ do: "say", text: "at it" }, { do: "wait", ms: 2000 }, write("a.txt", "a")];
  await world.workspace("orphan-done", remote, [steps]);
  const id = await world.request("orphan-done", "x");
  await said(world, id, "at it");
  const environment = await killSupervisor(id, remote);
  const deployed = await world.reaches(id, "deployed");
  expect(deployed.environmentId).toBe(environment.id);
  expect(await filesOn(remote, deployed.branchName)).toEqual(["a.txt", "index.html"]);
});
