import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeOver } from "../../../src/actions/data-folder/take-over.ts";
import { reconcile } from "../../../src/actions/environments/reconcile.ts";
import type { ChangeId } from "../../../src/domain/ids.ts";
import { makeApp } from "../../../src/http/app.ts";
import { listen } from "../../../src/http/listen.ts";
import type { WorkerHandle } from "../../../src/main/worker.ts";
import { holdWorkerLock, type WorkerId } from "../../../src/store/workers.ts";
import { fairleadIn, forgetFolders } from "../../support/data-folders.ts";
import { eventsOf, said } from "../../support/history.ts";
import { planOf, step } from "../../support/plans.ts";
import { startPlan, stepReaches } from "../../support/runs.ts";
import { filesOn, makeWorld, type World, write } from "../../support/world.ts";

let world: World;
let other: string;
const workers: WorkerHandle[] = [];

beforeEach(async () => {
  world = await makeWorld({ FAIRLEAD_LOG_LEVEL: "silent", FAIRLEAD_PUSH_SECONDS: "1" });
  other = `${world.home}-other`;
});
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.stop();
  for (const home of [other, world.home]) {
    const provider = fairleadIn(world, home).services.provider("local");
    for (const id of await provider.list()) await provider.terminate(id, "");
  }
  await world.close();
  await rm(other, { recursive: true, force: true });
});

async function begin({ startWorker }: Pick<ReturnType<typeof fairleadIn>, "startWorker">): Promise<WorkerHandle> {
  const worker = await startWorker();
  workers.push(worker);
  return worker;
}

/** A change that waits for a person, with its preview up. */
async function deployed(name: string): Promise<ChangeId> {
  await world.workspace(name, await world.repository(), [[write("a", "a")]]);
  const id = await world.request(name, "x");
  await world.reaches(id, "deployed");
  return id;
}

const placeOf = async (id: ChangeId) => join(world.home, "environments", (await world.change(id)).environmentId ?? "");
const isThere = async (path: string) => (await stat(path).catch(() => null)) !== null;

test("a second data folder on a database does no work and says so, and takes nothing of the first one's for lost", async () => {
  const worker = await world.startWorker();
  const id = await deployed("shop");
  const before = await eventsOf(world, id);
  const second = fairleadIn(world, other);
  // Both while the first one works and while it is stopped: before, unsaved work was deleted within two seconds.
  const refusal = { code: "DATA_FOLDER_FOREIGN", kind: "conflict" };
  await expect(second.startWorker()).rejects.toMatchObject(refusal);
  await worker.stop();
  const fault = await second.startWorker().catch((error: Error) => error);
  expect(fault).toMatchObject(refusal);
  for (const named of [world.home, other, hostname(), "take-over"]) expect(String(fault)).toContain(named);
  await expect(reconcile(second.services)).resolves.toBeUndefined();
  expect(await eventsOf(world, id)).toEqual(before);
  expect(await readdir(other)).toEqual(["id"]);

  await world.startWorker();
  await world.database.sql`select fairlead.look_again()`;
  const change = await world.change(id);
  expect((await fetch(change.previewUrl ?? "")).status).toBe(200);
  await world.database.sql`select fairlead.approve_change(${id}, 'ann', seen_version => ${change.version})`;
  await world.reaches(id, "merged");
  await world.cleaned(id);
});

test("of folders that start at once on a new database exactly one does the work", async () => {
  const homes = Array.from({ length: 5 }, (_, number) => `${other}-${number}`);
  const started = await Promise.allSettled(homes.map((home) => begin(fairleadIn(world, home))));
  expect(started.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const result of started) {
    if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "DATA_FOLDER_FOREIGN" });
  }
  const known = await world.database.sql<{ path: string; atWork: boolean }[]>`
    select path, id = (select data_folder from fairlead.settings) as at_work from fairlead.data_folders`;
  expect(known).toHaveLength(5);
  expect(known.filter(({ atWork }) => atWork)).toHaveLength(1);
  for (const home of homes) await rm(home, { recursive: true, force: true });
});

test("a folder whose maker was killed before the database knew it goes on under the same id", async () => {
  const { id } = await fairleadIn(world, world.home).services.dataFolder.open();
  await world.startWorker();
  expect(await world.database.sql`select data_folder from fairlead.settings`).toEqual([{ dataFolder: id }]);
});

test("a copy is refused while the original folder is at its path, and counts as the folder once that is gone", async () => {
  const worker = await world.startWorker();
  const id = await deployed("shop");
  await worker.stop();
  await execa("cp", ["-a", world.home, other]);
  const copy = fairleadIn(world, other);
  const fault = await copy.startWorker().catch((error: Error) => error);
  expect(fault).toMatchObject({ code: "DATA_FOLDER_COPIED" });
  for (const named of [world.home, other]) expect(String(fault)).toContain(named);
  const [row] = await world.database.sql<{ path: string }[]>`select path from fairlead.data_folders`;
  expect(row?.path).toBe(world.home);

  await rename(world.home, `${world.home}-away`);
  await begin(copy);
  expect(await world.change(id)).toMatchObject({ status: "deployed" });
  const [moved] = await world.database.sql<{ path: string }[]>`select path from fairlead.data_folders`;
  expect(moved?.path).toBe(other);
  await workers.splice(0)[0]?.stop();
  await rename(`${world.home}-away`, world.home);
  await expect(world.startWorker()).rejects.toMatchObject({ code: "DATA_FOLDER_COPIED" });
});

test("a folder is refused while a worker of it lives on another machine, and goes on here when that has ended", async () => {
  const { id } = await fairleadIn(world, world.home).services.dataFolder.open();
  const { sql, url } = world.database;
  const worker = await world.startWorker();
  await worker.stop();
  const elsewhere = "01K5TZ8M3RB6Q4W2E9XJDVH7NC" as WorkerId;
  const lock = await holdWorkerLock(url, { id: elsewhere, host: "elsewhere", pid: 7 });
  await sql`update fairlead.workers set data_folder = ${id}, path = ${world.home}, machine = 'another start'
    where id = ${elsewhere}`;
  const fault = await world.startWorker().catch((error: Error) => error);
  expect(fault).toMatchObject({ code: "DATA_FOLDER_COPIED", message: expect.stringContaining("elsewhere") });
  await lock.release();
  await world.row(
    async () =>
      await world.startWorker().then(
        () => [{}],
        () => [],
      ),
  );
});

test("of a database from before folders were known, the one that has its environments becomes the folder", async () => {
  const worker = await world.startWorker();
  const id = await deployed("shop");
  await worker.stop();
  await forgetFolders(world);
  const fault = await fairleadIn(world, other)
    .startWorker()
    .catch((error: Error) => error);
  expect(fault).toMatchObject({ code: "DATA_FOLDER_UNCLAIMED", details: { missing: 1 } });
  expect(String(fault)).toContain(other);
  await world.startWorker();
  const [row] = await world.database.sql<{ path: string }[]>`
    select f.path from fairlead.environments e join fairlead.data_folders f on f.id = e.data_folder`;
  expect(row?.path).toBe(world.home);
  await world.database.sql`select fairlead.approve_change(${id}, 'ann')`;
  await world.reaches(id, "merged");
});

test("a database without environments takes the first folder that comes, also when it is from before folders", async () => {
  await forgetFolders(world);
  await world.workspace("shop", "/nowhere", []);
  await world.request("shop", "asked for before anything has started");
  await begin(fairleadIn(world, other));
  const folders = await world.database.sql`
    select path, id = (select data_folder from fairlead.settings) as works from fairlead.data_folders`;
  expect(folders).toEqual([{ path: other, works: true }]);
});

test("a folder that takes over begins the other's changes again from their branches, and leaves its disk alone", async () => {
  const first = await world.startWorker();
  const waiting = await deployed("waits");
  const remote = await world.repository();
  await world.workspace("works", remote, [
    [write("half", "1"), { do: "commit", message: "Half" }, { do: "say", text: "half done" }, { do: "hang" }],
  ]);
  const working = await world.request("works", "Two halves");
  const { environmentId } = await said(world, working, "half done");
  const { branchName } = await world.change(working);
  await world.row(async () => ((await filesOn(remote, branchName)).includes("half") ? [{}] : []));
  const run = await startPlan(world, planOf([step("sleeps", [], { command: "sleep", args: ["60"] })]));
  await stepReaches(world, run, "sleeps", "running");
  const places = [await placeOf(waiting), join(world.home, "environments", environmentId)];
  const second = fairleadIn(world, other);
  await expect(takeOver(second.services, true)).rejects.toMatchObject({ code: "DATA_FOLDER_IN_USE" });
  await first.stop();
  await expect(takeOver(second.services, false)).rejects.toMatchObject({ code: "DATA_FOLDER_SEEN_LATELY" });
  expect(await takeOver(second.services, true)).toMatchObject({ changes: 2, runs: 1 });

  const { sql } = world.database;
  await sql`update fairlead.workspaces set agent_settings = ${sql.json({ rounds: [[write("rest", "2")]] } as never)}`;
  await begin(second);
  await world.reaches(waiting, "deployed");
  await world.reaches(working, "deployed");
  expect(await filesOn(remote, branchName)).toEqual(["half", "index.html", "rest"]);
  for (const place of places) expect(await isThere(join(place, "checkout"))).toBe(true);
  const kept = await sql<{ note: string }[]>`
    select distinct note from fairlead.resources where state = 'kept' and kind <> 'branch'`;
  expect(kept.map(({ note }) => note)).toEqual([
    `it was left behind in the data folder ${world.home} on ${hostname()}`,
  ]);
  const [failed] = await sql<{ status: string; failureKind: string; failureMessage: string }[]>`
    select status, failure_kind, failure_message from fairlead.runs where id = ${run}`;
  expect(failed).toMatchObject({ status: "failed", failureKind: "environment" });
  expect(failed?.failureMessage).toContain(world.home);
  await expect(world.startWorker()).rejects.toMatchObject({ code: "DATA_FOLDER_FOREIGN" });
  expect(await sql`select from fairlead.leaks`).toEqual([]);
});

test("checkouts of changes that continued in another folder are put aside when their folder comes back, and named", async () => {
  const first = await world.startWorker();
  const id = await deployed("shop");
  const place = await placeOf(id);
  await writeFile(join(place, "checkout", "unsaved.txt"), "precious\n");
  await first.stop();
  const second = fairleadIn(world, other);
  expect(await takeOver(second.services, true)).toMatchObject({ changes: 1, runs: 0 });
  await begin(second);
  await world.reaches(id, "deployed");
  await workers.splice(0)[0]?.stop();

  await takeOver(world.services, true);
  await world.startWorker();
  await world.database.sql`select fairlead.look_again()`;
  const environment = place.slice(-26);
  const kept = join(world.home, "kept", environment);
  const [row] = await world
    .row(
      () => world.database.sql<{ note: string }[]>`
      select note from fairlead.resources where environment_id = ${environment} and kind = 'worktree' and note like ${`%${kept}%`}`,
    )
    .then((found) => [found]);
  expect(row?.note).toContain("left behind");
  expect(await readFile(join(kept, "unsaved.txt"), "utf8")).toBe("precious\n");
  expect((await execa("git", ["status", "--porcelain"], { cwd: kept })).stdout).toBe("?? unsaved.txt");
  await world.row(async () => ((await isThere(place)) ? [] : [{}]));
});

test("while the folder is missing no environment counts as lost, and work resumes when it is back", async () => {
  const worker = await world.startWorker();
  const id = await deployed("shop");
  const before = await eventsOf(world, id);
  const away = `${world.home}-away`;
  await rename(world.home, away);
  await world.database.sql`select fairlead.look_again()`;
  await world.row(async () => (worker.alive() ? [] : [{}]));
  await world.row(async () => (worker.refused()?.code === "DATA_FOLDER_GONE" ? [{}] : []));
  const app = makeApp(world.services, { log: world.services.log, ready: async () => worker.alive() });
  const server = await listen(app, { host: "127.0.0.1", port: 0 });
  const ready = await fetch(`${server.url}/readyz`);
  expect([ready.status, await ready.json()]).toMatchObject([503, { worker: false, reason: "DATA_FOLDER_GONE" }]);
  await server.close();
  await expect(reconcile(world.services)).rejects.toMatchObject({ code: "DATA_FOLDER_GONE" });
  expect(await isThere(world.home)).toBe(false);
  expect(await eventsOf(world, id)).toEqual(before);
  await rename(away, world.home);
  await world.row(async () => (worker.alive() ? [{}] : []));
  expect(worker.refused()).toBe(null);
  await world.database.sql`select fairlead.approve_change(${id}, 'ann')`;
  await world.reaches(id, "merged");
  await world.cleaned(id);
});

test("a change that is cancelled while the folder is away keeps its work until the folder is back", async () => {
  const worker = await world.startWorker();
  const remote = await world.repository();
  await world.workspace("shop", remote, [[write("half", "1"), { do: "say", text: "half done" }, { do: "hang" }]]);
  const id = await world.request("shop", "x");
  await said(world, id, "half done");
  const { branchName } = await world.change(id);
  const away = `${world.home}-away`;
  // The remote lies in the data folder of a world, and stays reachable.
  await rename(world.home, away);
  await world.row(async () => (worker.alive() ? [] : [{}]));
  await world.database.sql`select fairlead.cancel_change(${id}, 'ann')`;
  await rename(away, world.home);
  await world.cleaned(id);
  expect(await filesOn(remote, branchName)).toEqual(["half", "index.html"]);
});
