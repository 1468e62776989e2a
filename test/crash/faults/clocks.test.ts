import { afterAll, beforeAll, expect, test } from "vitest";
import { countedAgent, saysLines } from "../../support/counted-agent.ts";
import { said } from "../../support/history.ts";
import { workerProcess } from "../../support/worker-process.ts";
import { makeWorld, type World } from "../../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.close());

const hourMs = 3_600_000;

/** A worker whose clock is wrong by an hour, and that gives no stage more than a minute. */
const workerOff = (byMs: number) =>
  workerProcess(world, {
    FAIRLEAD_TEST_CLOCK_OFFSET_MS: String(byMs),
    FAIRLEAD_AGENT_TIMEOUT_SECONDS: "60",
    FAIRLEAD_SETUP_TIMEOUT_SECONDS: "60",
    FAIRLEAD_PROVISION_TIMEOUT_SECONDS: "60",
    FAIRLEAD_MERGE_TIMEOUT_SECONDS: "60",
  });

test("workers whose clocks are two hours apart take over from each other, and nothing times out or waits for it", async () => {
  const { sql } = world.database;
  const remote = await world.repository({
    ".fairlead.json": JSON.stringify({ setup: ["sleep", "1"] }),
    "index.html": "x",
  });
  const agent = await countedAgent(world, "clocks", remote, saysLines(20, 0.2));
  const early = await workerOff(-hourMs);
  const ids = [await world.request("clocks", "One"), await world.request("clocks", "Two")];
  for (const id of ids) await said(world, id, "line 3");
  const late = await workerOff(hourMs);
  early.kill("SIGKILL");
  for (const id of ids) await said(world, id, "line 9");
  await workerOff(-hourMs);
  late.kill("SIGKILL");
  for (const id of ids) await world.reaches(id, "deployed");
  expect(await agent.starts()).toBe(ids.length);

  await workerOff(hourMs);
  for (const id of ids) await sql`select fairlead.approve_change(${id}, 'ann')`;
  for (const id of ids) {
    await world.reaches(id, "merged");
    await world.cleaned(id);
  }
}, 60_000);

test("what is done each minute is done also where one of the workers has a clock that is an hour fast", async () => {
  const { sql } = world.database;
  const remote = await world.repository();
  await countedAgent(world, "minutes", remote, "echo made > made.txt");
  const first = await workerOff(-hourMs);
  const id = await world.request("minutes", "x");
  await world.reaches(id, "deployed");
  await sql`select fairlead.reject_change(${id}, 'ann', 'no')`;
  await world.cleaned(id);
  first.kill("SIGTERM");
  await first.exited;
  // One that is left behind, and that the enforcer alone would look for.
  await sql`insert into fairlead.environments (workspace, change_id, provider, repository_url, first_port)
    values ('minutes', ${id}, 'local', ${remote}, 65000)`;
  await sql`update fairlead.environments set last_used_at = now() - interval '10 days' where first_port = 65000`;
  await sql`update fairlead.settings set minutely_at = '-infinity'`;
  await workerOff(hourMs);
  await world.row(() => sql`select from fairlead.environments where first_port = 65000 and status = 'terminated'`);
  const later = await sql`select from fairlead.jobs where run_at > now() + interval '61 seconds'`;
  expect(later).toHaveLength(0);
});
