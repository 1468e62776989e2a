import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PlanStep } from "../../src/domain/plans/plan.ts";
import { planOf, step } from "../support/plans.ts";
import { runReaches, startPlan } from "../support/runs.ts";
import { gitIn, makeWorld, type World } from "../support/world.ts";

let world: World;
const socket = "/nowhere/ssh-agent.sock";

beforeAll(async () => {
  process.env.SSH_AUTH_SOCK = socket;
  world = await makeWorld();
  // In the place of ssh: notes whether it was given the agent, and runs here what it was to run there.
  const ssh = join(world.home, "ssh.sh");
  await writeFile(ssh, `#!/bin/sh\necho "$SSH_AUTH_SOCK" >> '${ssh}.log'\nfor last; do :; done\nexec sh -c "$last"\n`);
  await chmod(ssh, 0o755);
  process.env.GIT_SSH_COMMAND = ssh;
  await world.startWorker();
});
afterAll(() => world.close());

const show = 'echo "${SSH_AUTH_SOCK-none}"';
const app = `require("http").createServer((_, answer) => answer.end(process.env.SSH_AUTH_SOCK ?? "none")).listen(process.env.PORT)`;

/** Registers a repository that is reached by ssh; what its processes see of the SSH agent is written down by each. */
async function workspace(name: string, sshAgent: boolean): Promise<{ remote: string }> {
  const { sql } = world.database;
  const remote = await world.repository({ ".gitignore": "setup.txt\n" });
  const blueprint = { setup: ["sh", "-c", `${show} > setup.txt`], start: ["node", "-e", app] };
  await sql`insert into fairlead.workspaces
      (name, repository_url, default_branch, agent, agent_settings, blueprint, ssh_agent)
    values (${name}, ${`ssh://git@shop.invalid${remote}`}, 'main', 'command',
      ${sql.json({ argv: ["sh", "-c", `${show} > agent.txt; cat setup.txt > setup-saw.txt`] })}, ${sql.json(blueprint)},
      ${sshAgent})`;
  return { remote };
}

test.each([false, true])(
  "the server's SSH agent is for our own git, and for a change's processes only if the workspace says so (%s)",
  async (allowed) => {
    const name = allowed ? "allowed" : "denied";
    const { remote } = await workspace(name, allowed);
    const seen = allowed ? socket : "none";
    const change = await world.reaches(await world.request(name, "x"), "deployed");
    expect(await (await fetch(change.previewUrl ?? "")).text()).toBe(seen);
    await world.database.sql`select fairlead.approve_change(${change.id}, 'ann')`;
    await world.reaches(change.id, "merged");
    expect(await gitIn(remote, "show", "main:agent.txt")).toBe(seen);
    expect(await gitIn(remote, "show", "main:setup-saw.txt")).toBe(seen);
    const talks = (await readFile(join(world.home, "ssh.sh.log"), "utf8")).trim().split("\n");
    expect(new Set(talks)).toEqual(new Set([socket]));
    await world.cleaned(change.id);
  },
);

test("outside of any change, the commands of a plan have it as the person has, and its agents have not", async () => {
  const command = step("command", [], { command: "sh", args: ["-c", `[ "$SSH_AUTH_SOCK" = ${socket} ]`] });
  const settings = { argv: ["sh", "-c", `[ -z "$SSH_AUTH_SOCK" ] && git commit --quiet --allow-empty -m done`] };
  const agent = {
    ...step("agent"),
    kind: "agent",
    role: "code",
    agent: "command",
    prompt: "x",
    schema: null,
    settings,
  };
  const folder = join(await world.repository(), "../seed");
  const run = await startPlan(world, planOf([command, agent as unknown as PlanStep]), { folder });
  await runReaches(world, run, "succeeded");
});
