import { cp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { WorkerHandle } from "../../../src/main/worker.ts";
import { fairleadIn } from "../../support/data-folders.ts";
import { logOf, said } from "../../support/history.ts";
import { filesOn, gitIn, makeWorld, type World, write } from "../../support/world.ts";

let world: World;
let moved: string;
let repositories: string;
const workers: WorkerHandle[] = [];

beforeEach(async () => {
  world = await makeWorld();
  moved = `${world.home}-moved`;
  repositories = `${world.home}-repositories`;
});
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.stop();
  const provider = fairleadIn(world, moved).services.provider("local");
  for (const id of await provider.list()) await provider.terminate(id, "");
  await world.close();
  for (const folder of [moved, repositories]) await rm(folder, { recursive: true, force: true });
});

/** A repository outside of the data folder. */
async function repository(files?: Readonly<Record<string, string>>): Promise<string> {
  const made = await world.repository(files);
  const remote = join(repositories, `${Math.random()}`);
  await cp(made, remote, { recursive: true });
  return remote;
}

async function begin(home: string): Promise<WorkerHandle> {
  const worker = await fairleadIn(world, home).startWorker();
  workers.push(worker);
  return worker;
}

/** Stops the work, moves the data folder, and goes on there. */
async function move(worker: WorkerHandle, beforeItGoesOn: () => Promise<unknown> = async () => {}): Promise<void> {
  await worker.stop();
  await rename(world.home, moved);
  await beforeItGoesOn();
  await begin(moved);
}

const app = `require("http").createServer((_, answer) => answer.end(require("fs").readFileSync(__dirname + "/a"))).listen(process.env.PORT)`;

test("a change that waits for a person waits on in a data folder that was moved, with its preview, and is merged", async () => {
  const worker = await world.startWorker();
  const remotes = { files: await repository(), app: await repository({ "app.js": app, "package.json": "{}" }) };
  for (const [name, remote] of Object.entries(remotes)) await world.workspace(name, remote, [[write("a", "made")]]);
  const { sql } = world.database;
  await sql`update fairlead.workspaces set blueprint = ${sql.json({ start: ["node", "app.js"] })} where name = 'app'`;
  const ids = await Promise.all(Object.keys(remotes).map((name) => world.request(name, "x")));
  const before = await Promise.all(ids.map((id) => world.reaches(id, "deployed")));
  await move(worker);
  await sql`select fairlead.look_again()`;
  for (const change of before) {
    expect(await world.change(change.id)).toEqual(change);
    const page = `${change.previewUrl}/a`;
    await world.row(async () => ((await fetch(page).catch(() => null))?.status === 200 ? [{}] : []));
    expect(await (await fetch(page)).text()).toBe("made");
    await sql`select fairlead.approve_change(${change.id}, 'ann', seen_version => ${change.version})`;
    await world.reaches(change.id, "merged");
    await world.cleaned(change.id);
  }
  const folders = await sql<{ path: string }[]>`select path from fairlead.data_folders`;
  expect(folders).toEqual([{ path: moved }]);
});

test("an agent that works while the data folder is moved works on, and what it does there is its change's", async () => {
  const worker = await world.startWorker();
  const remote = await repository();
  const wait = "while [ ! -e go ]; do sleep 0.05; done";
  const agent = `echo first > one; git add one; git commit -qm One; echo ready; ${wait}; rm go; echo second > two; git add two; git commit -qm Two; echo done`;
  const { sql } = world.database;
  await sql`insert into fairlead.workspaces (name, repository_url, default_branch, agent, agent_settings)
    values ('shop', ${remote}, 'main', 'command', ${sql.json({ argv: ["sh", "-c", agent] })})`;
  const id = await world.request("shop", "x");
  const { environmentId } = await said(world, id, "ready");
  await move(worker);
  await writeFile(join(moved, "environments", environmentId, "checkout", "go"), "");
  const change = await world.reaches(id, "deployed");
  expect(change.environmentId).toBe(environmentId);
  expect(await filesOn(remote, change.branchName)).toEqual(["index.html", "one", "two"]);
  expect(await logOf(world, id)).toBe("ready\ndone\n");
});

test("an agent that ends while the data folder is moved and no worker runs has ended as it did", async () => {
  const worker = await world.startWorker();
  const remote = await repository();
  const { sql } = world.database;
  const agent = "echo ready; while [ ! -e go ]; do sleep 0.05; done; rm go; echo made > one";
  await sql`insert into fairlead.workspaces (name, repository_url, default_branch, agent, agent_settings)
    values ('shop', ${remote}, 'main', 'command', ${sql.json({ argv: ["sh", "-c", agent] })})`;
  const id = await world.request("shop", "x");
  const { environmentId } = await said(world, id, "ready");
  const exit = join(moved, "environments", environmentId, "processes/agent-1/exit");
  await move(worker, async () => {
    await writeFile(join(moved, "environments", environmentId, "checkout", "go"), "");
    await world.row(async () => (/^0 \d+ +\.$/m.test(await readFile(exit, "utf8")) ? [{}] : []));
  });
  expect(await world.reaches(id, "deployed")).toMatchObject({ environmentId, lastFailure: null });
});

test("checkouts from before their mirrors were named by a relative path are mended at the next start, agents' own are left", async () => {
  const worker = await world.startWorker();
  const remote = await repository();
  for (const name of ["old", "odd"]) await world.workspace(name, remote, [[write("a", name)]]);
  const ids = [await world.request("old", "x"), await world.request("odd", "x")];
  const [old, odd] = await Promise.all(ids.map((id) => world.reaches(id, "deployed")));
  const alternates = (home: string, id: string | null | undefined) =>
    join(home, "environments", id ?? "", "checkout/.git/objects/info/alternates");
  const relative = await readFile(alternates(world.home, old?.environmentId), "utf8");
  expect(relative).toMatch(/^(\.\.\/)+mirrors\/[0-9a-f]{16}\.git\/objects\n$/);
  const mirror = /[0-9a-f]{16}\.git/.exec(relative)?.[0];
  await writeFile(alternates(world.home, old?.environmentId), `${world.home}/mirrors/${mirror}/objects\n`);
  const own = `${relative}/somewhere/else/objects\n`;
  await writeFile(alternates(world.home, odd?.environmentId), own);
  await move(worker);
  expect(await readFile(alternates(moved, old?.environmentId), "utf8")).toBe(relative);
  expect(await readFile(alternates(moved, odd?.environmentId), "utf8")).toBe(own);
  const checkout = join(moved, "environments", old?.environmentId ?? "", "checkout");
  expect(await gitIn(checkout, "log", "--format=%s", "-1")).not.toBe("");
});

test("a data folder that is reached by a link is the same folder, and so is one whose link is moved", async () => {
  const link = `${world.home}-link`;
  await symlink(world.home, link);
  try {
    const worker = await begin(link);
    await world.workspace("shop", await repository(), [[write("a", "made")]]);
    const id = await world.request("shop", "x");
    const change = await world.reaches(id, "deployed");
    await worker.stop();
    await begin(world.home);
    await world.database.sql`select fairlead.look_again()`;
    await world.database.sql`select fairlead.approve_change(${id}, 'ann', seen_version => ${change.version})`;
    await world.reaches(id, "merged");
    await world.cleaned(id);
  } finally {
    await rm(link);
  }
});

test("a checkout that is put aside still finds what it borrows, also after the move", async () => {
  await world.startWorker();
  await world.workspace("shop", await repository(), [[write("a", "made")]]);
  const id = await world.request("shop", "x");
  const { environmentId } = await world.reaches(id, "deployed");
  const kept = await world.services.provider("local").keep(environmentId ?? ("" as never));
  expect(kept).toBe(join(world.home, "kept", environmentId ?? ""));
  const log = async (folder: string) => (await execa("git", ["log", "--format=%s"], { cwd: folder })).stdout;
  const subjects = await log(kept ?? "");
  expect(subjects).toContain("Begin");
  await rename(world.home, moved);
  expect(await log(join(moved, "kept", environmentId ?? ""))).toBe(subjects);
  await rename(moved, world.home);
});
