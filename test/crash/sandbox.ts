import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Sql } from "../../src/store/sql.ts";
import { commitTo } from "../support/world.ts";
import { killProcessesOf } from "./machine.ts";
import type { Way } from "./ways.ts";

/** Where changes happen: a data folder, a repository, and how the files begin in which agents note their starts. */
export interface Sandbox {
  readonly folder: string;
  readonly home: string;
  readonly remote: string;
  readonly notes: string;
}

const agent = fileURLToPath(new URL("./agent.sh", import.meta.url));
const app = "require('http').createServer((_, answer) => answer.end('ok')).listen(process.env.PORT, process.env.HOST)";

let seed: Promise<string> | undefined;

export async function makeSandbox(): Promise<Sandbox> {
  seed ??= makeSeed();
  const folder = await mkdtemp(join(tmpdir(), "fairlead-crash-"));
  const sandbox = {
    folder,
    home: join(folder, "home"),
    remote: join(folder, "remote.git"),
    notes: join(folder, "starts"),
  };
  await mkdir(sandbox.home);
  await cp(await seed, sandbox.remote, { recursive: true });
  return sandbox;
}

export async function removeSandbox({ folder }: Sandbox): Promise<void> {
  await killProcessesOf(folder);
  await rm(folder, { recursive: true, force: true });
}

/** Registers the sandbox's repository under a name; the agents of its changes go this way. */
export async function addWorkspace(sql: Sql, name: string, { remote, notes }: Sandbox, way: Way): Promise<void> {
  const settings = { argv: ["sh", agent, `${notes}-${way}`] };
  // Setting up lasts until Fairlead has seen that it runs.
  const blueprint = { start: ["node", "-e", app], setup: ["sh", "-c", "echo ready; sleep 0.2"] };
  await sql`
    insert into fairlead.workspaces (name, repository_url, default_branch, agent, agent_settings, blueprint, max_active_changes)
    values (${name}, ${remote}, 'main', 'command', ${sql.json(settings)}, ${sql.json(blueprint)}, 100)`;
}

/** To be called once no more are made. */
export async function removeSeed(): Promise<void> {
  if (seed !== undefined) await rm(dirname(await seed), { recursive: true, force: true });
  seed = undefined;
}

/** A bare repository with one commit, to be copied. */
async function makeSeed(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fairlead-crash-seed-"));
  const [bare, checkout] = [join(folder, "seed.git"), join(folder, "checkout")];
  await execa("git", ["init", "--quiet", "--bare", "--template=", "--initial-branch=main", bare]);
  await execa("git", ["clone", "--quiet", bare, checkout]);
  await commitTo(checkout, { "README.md": "# Shop\n" }, "Begin");
  return bare;
}
