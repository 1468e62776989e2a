import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { discardEmbedded } from "../../src/providers/postgres/embedded/discard-embedded.ts";
import { bin, makePlace, type Place } from "./fairlead.ts";
import { planFile, shell } from "./plan-files.ts";

let place: Place;
let plan: string;
let home: string;
let other: string;
beforeAll(async () => {
  place = await makePlace();
  plan = await planFile(place, "tiny", [shell("one", "echo hi")]);
  home = join(place.folder, "home");
  other = join(place.folder, "other");
  await place.fairlead(["plan", "run", plan]);
});
afterAll(() => place.remove());

const inOther = (...args: string[]) => place.fairlead(args, { env: { FAIRLEAD_HOME: other, FAIRLEAD_PORT: "24711" } });

interface Check {
  readonly check: string;
  readonly state: string;
  readonly found: string;
}

test("a second data folder is refused by every command that would have worked, with both named, and runs nothing", async () => {
  const runs = async () => await place.database.sql`select from fairlead.runs`;
  const before = (await runs()).length;
  for (const args of [["start"], ["plan", "run", plan]]) {
    const { code, err } = await inOther(...args);
    expect({ args, code }).toEqual({ args, code: 4 });
    for (const said of ["(DATA_FOLDER_FOREIGN)", home, other, hostname()]) expect(err).toContain(said);
  }
  expect(await runs()).toHaveLength(before);
  expect(await readdir(other)).toEqual(["id"]);
  const json = await inOther("plan", "run", plan, "--json");
  expect(JSON.parse(json.err).error).toMatchObject({ code: "DATA_FOLDER_FOREIGN", details: { other: { path: home } } });
  // What only reads, or passes a decision on, works from anywhere.
  for (const args of [["ls"], ["env", "ls"], ["run", "ls"], ["db", "url"]])
    expect((await inOther(...args)).code).toBe(0);
});

test("doctor says which folder works in both folders, and reports no environments of the other disk", async () => {
  const own: Check[] = JSON.parse((await place.fairlead(["doctor", "--json"])).out).checks;
  const states = Object.fromEntries(own.map(({ check, state }) => [check, state]));
  expect(states).toMatchObject({ "works here": "good", "other folders": "note", environments: "good" });
  expect(own.find(({ check }) => check === "other folders")?.found).toContain(other);
  const { out, code } = await inOther("doctor", "--json");
  const foreign: Check[] = JSON.parse(out).checks;
  expect(foreign.find(({ check }) => check === "works here")).toMatchObject({
    state: "bad",
    found: expect.stringContaining(home),
  });
  expect(foreign.map(({ check }) => check)).not.toContain("environments");
  expect(code).toBe(1);
});

test("doctor says whether processes are found even if they drop all marks but the limit", async () => {
  const checks: Check[] = JSON.parse((await place.fairlead(["doctor", "--json"])).out).checks;
  const { state } = checks.find(({ check }) => check === "processes") ?? {};
  expect(["good", "note"]).toContain(state);
  const limits = await execa("cat", ["/proc/self/limits"], { reject: false });
  if (/^Max file locks +unlimited +unlimited/m.test(limits.stdout)) expect(state).toBe("good");
});

test("a folder takes over on command, and only with --yes when the other was seen lately", async () => {
  expect(await inOther("data-folder", "take-over")).toMatchObject({
    code: 4,
    err: expect.stringContaining("(DATA_FOLDER_SEEN_LATELY)"),
  });
  const taken = await inOther("data-folder", "take-over", "--yes");
  expect(taken).toMatchObject({ code: 0, out: expect.stringContaining(`${other} works on this database now`) });
  const listed = JSON.parse((await inOther("data-folder", "ls", "--json")).out).data_folders;
  expect(listed).toMatchObject([
    { path: other, works: true, this_one: true },
    { path: home, works: false, this_one: false },
  ]);
  expect((await inOther("plan", "run", plan)).code).toBe(0);
  expect(await place.fairlead(["plan", "run", plan])).toMatchObject({ code: 4 });
  expect((await place.fairlead(["data-folder", "take-over", "--yes"])).code).toBe(0);
  expect((await place.fairlead(["plan", "run", plan])).code).toBe(0);
});

const nobody = 65534;
const canBeNobody =
  process.geteuid?.() === 0 &&
  (await execa(process.execPath, [bin, "--version"], { uid: nobody, gid: nobody, cwd: "/", reject: false }))
    .exitCode === 0;

test.skipIf(!canBeNobody)("of two users on one database, one works", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fairlead-nobody-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await execa("chown", [`${nobody}:${nobody}`, folder]);
  const asNobody = (...args: string[]) =>
    execa(process.execPath, [bin, ...args], {
      ...{ uid: nobody, gid: nobody, cwd: folder, reject: false, extendEnv: false },
      env: { PATH: process.env.PATH, HOME: folder, DATABASE_URL: place.database.url, FAIRLEAD_PORT: "24712" },
    });
  for (const args of [["start"], ["run", "resume", "ZZZZZZZZ"]]) {
    const { exitCode, stderr } = await asNobody(...args);
    expect({ args, exitCode, stderr }).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining("DATA_FOLDER_FOREIGN"),
    });
  }
  expect((await asNobody("run", "ls")).exitCode).toBe(0);
  expect((await asNobody("doctor")).stdout).toContain(join(folder, ".fairlead"));
});

test("with a Postgres of its own a folder can be moved, and a copy of it does no work", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fairlead-embedded-"));
  const [first, second, copy] = ["first", "second", "copy"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  onTestFinished(async () => {
    for (const embedded of [second, copy]) await discardEmbedded(embedded);
    await rm(folder, { recursive: true, force: true });
  });
  const run = (at: string) => place.fairlead(["plan", "run", plan], { env: { DATABASE_URL: "", FAIRLEAD_HOME: at } });
  expect((await run(first)).code).toBe(0);
  await rename(first, second);
  expect((await run(second)).code).toBe(0);
  await execa("cp", ["-a", second, copy]);
  expect(await run(copy)).toMatchObject({ code: 4, err: expect.stringContaining("(DATA_FOLDER_COPIED)") });
  expect((await run(second)).code).toBe(0);
}, 120_000);
