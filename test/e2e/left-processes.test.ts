import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freeLimits } from "../../src/providers/environments/marks/limit-mark.ts";
import { identify } from "../../src/providers/environments/process-table.ts";
import { planOf, step } from "../support/plans.ts";
import { runReaches, startPlan } from "../support/runs.ts";
import { makeWorld, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
  await world.startWorker();
});
afterAll(() => world.close());

const canMark = (await freeLimits()) !== "";

/** Leaves a process that has dropped its variables, its session, its parent and its folder, once its pid is in the file. */
const leaves = (file: string) => `touch "${file}"; lines=$(wc -l < "${file}")
  env -i setsid sh -c 'cd /; echo $$ >> "${file}"; exec sleep 7777' &
  while [ "$(wc -l < "${file}")" -eq "$lines" ]; do sleep 0.01; done`;

/** The pids in the file, and those of them that live. */
async function left(file: string): Promise<{ all: number[]; alive: number[] }> {
  const all = (await readFile(file, "utf8")).trim().split("\n").map(Number);
  const found = await Promise.all(all.map(identify));
  return { all, alive: all.filter((_, index) => found[index] !== null) };
}

test.skipIf(!canMark)(
  "nothing outlives its change that setup, agent or preview have left, whatever it has dropped",
  async () => {
    const file = join(world.home, "left-by-change");
    const app = `require("http").createServer((_, answer) => answer.end("ok")).listen(process.env.PORT)`;
    const blueprint = {
      setup: ["sh", "-c", leaves(file)],
      start: ["sh", "-c", `${leaves(file)}; exec node -e '${app}'`],
    };
    const { sql } = world.database;
    await sql`insert into fairlead.workspaces (name, repository_url, default_branch, agent, agent_settings, blueprint)
    values ('shop', ${await world.repository()}, 'main', 'command',
      ${sql.json({ argv: ["sh", "-c", `${leaves(file)}; echo x > made.txt`] })}, ${sql.json(blueprint)})`;
    const id = await world.request("shop", "x");
    const { environmentId } = await world.reaches(id, "deployed");
    const before = await left(file);
    const [setup, agent, preview, ...others] = before.all;
    expect(others).toEqual([]);
    // What an agent leaves ends with it: what is committed then stands still.
    expect(before.alive).toEqual([setup, preview]);
    expect(agent).toBeGreaterThan(1);
    const { processes } = await world.services.provider("local").remains(environmentId ?? ("" as never));
    expect(processes).toEqual(expect.arrayContaining(before.alive));
    await sql`select fairlead.reject_change(${id}, 'ann')`;
    await world.cleaned(id);
    expect((await left(file)).alive).toEqual([]);
  },
);

test.skipIf(!canMark)("nothing outlives its run that a command step has left, whatever it has dropped", async () => {
  const file = join(world.home, "left-by-run");
  const steps = [step("leaves", [], { command: "sh", args: ["-c", leaves(file)] })];
  const run = await startPlan(world, planOf(steps));
  await runReaches(world, run, "succeeded");
  await world.row(
    () => world.database.sql`select id from fairlead.environments where run_id = ${run} and status = 'terminated'`,
  );
  const after = await left(file);
  expect(after.all).toHaveLength(1);
  expect(after.alive).toEqual([]);
});
