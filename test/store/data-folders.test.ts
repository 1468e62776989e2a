import { ulid } from "ulid";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { DataFolderId } from "../../src/domain/data-folder.ts";
import type { EnvironmentId } from "../../src/domain/ids.ts";
import {
  enlistWorker,
  leaveBehind,
  listFolders,
  noteFolder,
  noteFolderSeen,
  placeEnvironment,
} from "../../src/store/data-folders.ts";
import { strayEnvironments } from "../../src/store/environments.ts";
import { holdWorkerLock, listWorkers, type WorkerId } from "../../src/store/workers.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";

let database: TestDatabase;
beforeEach(async () => {
  database = await testDatabase();
});
afterEach(() => database.drop());

const folder = (path: string, machine = "this") => ({
  ...{ id: ulid() as DataFolderId, host: "here", path, userName: "ann", machine },
});
const worker = () => ({ id: ulid() as WorkerId, pid: 1 });
const enlist = (given: ReturnType<typeof folder>, found: EnvironmentId[] = [], holdsDatabase = false) =>
  enlistWorker(database.sql, { worker: worker(), folder: given, found, holdsDatabase });

test("of twenty folders that come at once the first has the database, and the others are told which that is", async () => {
  const folders = Array.from({ length: 20 }, (_, number) => folder(`/${number}`));
  const answers = await Promise.all(folders.map((one) => enlist(one)));
  const own = folders.filter((_, number) => answers[number]?.standing === "own");
  expect(own).toHaveLength(1);
  for (const { standing, otherId } of answers) if (standing === "foreign") expect(otherId).toBe(own[0]?.id);
  expect(await listWorkers(database.sql)).toHaveLength(1);
  expect((await listFolders(database.sql, 100)).filter(({ atWork }) => atWork).map(({ id }) => id)).toEqual([
    own[0]?.id,
  ]);
});

test("of one folder on two machines that start at once, one works", async () => {
  const first = folder("/data");
  await enlist(first);
  const tries = ["a", "b", "a", "b"].map(async (machine) => {
    const { id, pid } = worker();
    return await holdWorkerLock(database.url, { id, host: machine, pid }, async (sql) => {
      const standing = await enlistWorker(sql, {
        worker: { id, pid },
        folder: { ...first, machine },
        found: [],
        holdsDatabase: false,
      });
      if (standing.standing !== "own") throw new Error(standing.standing);
    }).then(
      (lock) => ({ machine, lock }),
      (error: Error) => ({ machine, lock: null, why: error.message }),
    );
  });
  const held = (await Promise.all(tries)).filter(({ lock }) => lock !== null);
  expect(new Set(held.map(({ machine }) => machine)).size).toBe(1);
  expect(held).toHaveLength(2);
  for (const { lock } of held) await lock?.release();
});

/** A row as provisioning begins it; `begun` has a folder on some disk. */
async function environment(begun: boolean, dataFolder: string | null = null): Promise<EnvironmentId> {
  const { sql } = database;
  const [row] = await sql<[{ id: EnvironmentId }]>`
    insert into fairlead.environments (change_id, workspace, first_port, provider, repository_url, data_folder)
    select 'c', 'shop', 20000 + (select count(*) from fairlead.environments), 'local', '/nowhere', ${dataFolder} returning id`;
  if (begun) {
    await sql`insert into fairlead.resources (environment_id, change_id, kind, name, state)
      values (${row.id}, 'c', 'environment', 'environment', 'present')`;
  }
  return row.id;
}

test.each([
  ["none is there", { begun: false, found: false, holds: false }, "own"],
  ["those that are there are elsewhere", { begun: true, found: false, holds: false }, "unclaimed"],
  ["one of those that are there is in it", { begun: true, found: true, holds: false }, "own"],
  ["the database itself lies in it", { begun: true, found: false, holds: true }, "own"],
])(
  "a folder takes a database from before folders were known on if, of its environments, %s",
  async (_, given, standing) => {
    await database.sql`insert into fairlead.workspaces (name, repository_url) values ('shop', '/nowhere')`;
    const id = await environment(given.begun);
    const here = folder("/data");
    expect(await enlist(here, given.found ? [id] : [ulid() as EnvironmentId], given.holds)).toMatchObject({ standing });
    const [row] = await database.sql<{ dataFolder: string | null }[]>`select data_folder from fairlead.environments`;
    expect(row?.dataFolder).toBe(standing === "own" && given.begun ? here.id : null);
  },
);

test("that a folder was moved is said until its worker has settled in there", async () => {
  const first = folder("/before");
  await enlist(first);
  await database.sql`delete from fairlead.workers`;
  const moved = { ...first, path: "/after" };
  expect((await enlist(moved)).movedFrom).toBe("/before");
  expect((await enlist(moved)).movedFrom).toBe("/before");
  await noteFolder(database.sql, moved);
  expect((await enlist(moved)).movedFrom).toBeNull();
});

test("an environment is placed in the folder that works, once, and is no other's afterwards", async () => {
  const { sql } = database;
  await sql`insert into fairlead.workspaces (name, repository_url) values ('shop', '/nowhere')`;
  const [here, there] = [folder("/here"), folder("/there")];
  await enlist(here);
  await enlist(there);
  const id = await environment(false);
  expect(await placeEnvironment(sql, id, there.id)).toBe(false);
  expect(await placeEnvironment(sql, id, here.id)).toBe(true);
  expect(await placeEnvironment(sql, id, here.id)).toBe(true);
  await sql`delete from fairlead.workers`;
  await sql`select fairlead.take_over_data_folder(${there.id}, sure => true)`;
  expect(await placeEnvironment(sql, id, there.id)).toBe(false);
  expect(await placeEnvironment(sql, id, here.id)).toBe(false);
  await expect(sql`select fairlead.take_over_data_folder('nonsense', sure => true)`).rejects.toMatchObject({
    code: "FL003",
  });
});

test("what lies in another folder is ended by its row, noted as left behind there, and no stray of this one", async () => {
  const { sql } = database;
  await sql`insert into fairlead.workspaces (name, repository_url) values ('shop', '/nowhere')`;
  const [here, there] = [folder("/here"), folder("/there")];
  await enlist(here);
  await enlist(there);
  const id = await environment(true, there.id);
  expect(await strayEnvironments(sql, [id], here.id)).toEqual([{ id, of: "elsewhere" }]);
  expect(await strayEnvironments(sql, [id], there.id)).toEqual([]);
  await sql`update fairlead.environments set status = 'terminating' where id = ${id}`;
  expect(await leaveBehind(sql, { id, version: 1 })).toBe(false);
  expect(await leaveBehind(sql, { id, version: 2 })).toBe(true);
  expect(await sql`select state, note from fairlead.resources`).toEqual([
    { state: "kept", note: "it was left behind in the data folder /there on here" },
  ]);
  expect(await sql`select from fairlead.leaks`).toEqual([]);
  expect(await strayEnvironments(sql, [id, ulid() as EnvironmentId], there.id)).toMatchObject([
    { id, of: "ended" },
    { of: "unknown" },
  ]);
});

test("that a folder is seen is written down twice a minute at the most", async () => {
  const { sql } = database;
  const here = folder("/here");
  await enlist(here);
  const seen = async () => (await listFolders(sql, 1))[0]?.lastSeenAt.getTime() ?? 0;
  const first = await seen();
  await noteFolderSeen(sql, here.id);
  expect(await seen()).toBe(first);
  await sql`update fairlead.data_folders set last_seen_at = now() - interval '1 minute'`;
  await noteFolderSeen(sql, here.id);
  expect(await seen()).toBeGreaterThanOrEqual(first);
});
