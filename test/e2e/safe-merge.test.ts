import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Plan } from "../../src/domain/plans/plan.ts";
import type { Run, RunId } from "../../src/domain/plans/run.ts";
import { findRun } from "../../src/store/runs/runs.ts";
import { parsePlanText } from "../../src/wire/plans/plan.ts";
import { startPlan, stepStatuses } from "../support/runs.ts";
import { gitIn, makeWorld, type World } from "../support/world.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let world: World;
let safeMerge: Plan;
let restoreBackup: Plan;
beforeAll(async () => {
  world = await makeWorld();
  await world.startWorker();
  const builtIn = async (name: string) => parsePlanText(await readFile(join(root, "plans", `${name}.json`), "utf8"));
  safeMerge = await builtIn("safe-merge");
  restoreBackup = await builtIn("restore-backup");
});
afterAll(() => world.close());

let remote: string;
let mine: string;
let before: string;

/** A remote with a copy of this repository as it lies here, and a checkout of it with a branch that adds a file. */
beforeEach(async () => {
  const folder = await mkdtemp(join(world.home, "merge-"));
  remote = join(folder, "remote.git");
  mine = join(folder, "mine");
  await execa("git", ["init", "--quiet", "--bare", "--initial-branch=main", remote]);
  await execa("git", ["init", "--quiet", "--initial-branch=main", mine]);
  await git("config", "user.name", "Ann");
  await git("config", "user.email", "ann@example.com");
  await git("remote", "add", "origin", remote);
  const tracked = (await execa("git", ["ls-files", "-z"], { cwd: root })).stdout;
  await execa("tar", ["-c", "-C", root, "--null", "--ignore-failed-read", "-T", "-", "-f", join(folder, "copy.tar")], {
    input: tracked,
  });
  await execa("tar", ["-x", "-C", mine, "-f", join(folder, "copy.tar")]);
  await commit("Everything", {});
  await git("push", "--quiet", "origin", "main");
  await git("switch", "--quiet", "-c", "feature");
  await commit("Add a note", { "NOTE.md": "# Note\n" });
  await git("push", "--quiet", "origin", "feature");
  before = await gitIn(remote, "rev-parse", "main");
});

async function git(...args: string[]): Promise<string> {
  return (await execa("git", args, { cwd: mine })).stdout.trim();
}

async function commit(message: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(mine, name), text);
  await git("add", "--all");
  await git("commit", "--quiet", "-m", message);
}

/** Runs a plan in the checkout to its end, whichever that is. */
async function ended(plan: Plan, variables: Readonly<Record<string, string>>): Promise<Run> {
  const id = await startPlan(world, plan, { folder: mine, variables });
  return world.row(
    async () => [await findRun(world.database.sql, id)].filter((run) => run?.finishedAt != null) as Run[],
  );
}

const outcomes = (id: RunId) => stepStatuses(world, id);
const untouched = async () => {
  expect(await gitIn(remote, "rev-parse", "main")).toBe(before);
  expect(await git("for-each-ref", "refs/fairlead/lock")).toBe("");
  expect((await git("worktree", "list")).split("\n")).toHaveLength(1);
};

test("a branch of this repository is merged, with a backup, and taken back by it", async () => {
  const run = await ended(safeMerge, { BRANCH: "feature", CHECK: "test -s NOTE.md" });
  expect(run).toMatchObject({ status: "succeeded", total: 11 });
  const merged = await gitIn(remote, "rev-parse", "main");
  expect(await gitIn(remote, "rev-parse", "main^1", "main^2")).toBe(
    `${before}\n${await gitIn(remote, "rev-parse", "feature")}`,
  );
  expect(await gitIn(remote, "log", "-1", "--format=%(trailers:key=Fairlead-Run,valueonly)", "main")).toBe(run.id);
  expect(await gitIn(remote, "show", "main:NOTE.md")).toBe("# Note");
  expect(await git("rev-parse", `refs/fairlead/backup/${run.id}/target`)).toBe(before);
  expect(await git("for-each-ref", "refs/fairlead/lock")).toBe("");
  expect(await git("status", "--porcelain")).toBe("");

  const again = await ended(safeMerge, { BRANCH: "feature" });
  expect(again.failureMessage).toContain("there is nothing to merge");
  expect(await gitIn(remote, "rev-parse", "main")).toBe(merged);

  expect(await ended(restoreBackup, { RUN: run.id })).toMatchObject({ status: "succeeded" });
  expect(await gitIn(remote, "rev-parse", "main")).toBe(before);
  const twice = await ended(restoreBackup, { RUN: run.id });
  expect(twice.failureMessage).toContain("it has been taken back already");
  await untouched();
}, 60_000);

test("when it conflicts, nothing is merged, the conflict is named, and the lock is free again", async () => {
  await commit("Another readme", { "README.md": "# Mine\n" });
  await git("push", "--quiet", "origin", "feature");
  await git("switch", "--quiet", "main");
  await commit("A third readme", { "README.md": "# Theirs\n" });
  await git("push", "--quiet", "origin", "main");
  before = await gitIn(remote, "rev-parse", "main");
  const run = await ended(safeMerge, { BRANCH: "feature" });
  expect(run).toMatchObject({ status: "failed", failedStep: "try" });
  expect(run.failureMessage).toContain("README.md");
  expect(await outcomes(run.id)).toMatchObject({ check: "skipped", push: "skipped", release: "succeeded" });
  await untouched();
}, 60_000);

test("when the check of the merged tree fails, nothing is merged and nothing of it stays", async () => {
  const run = await ended(safeMerge, { BRANCH: "feature", CHECK: 'sh -c "echo 1 test failed >&2; exit 7"' });
  expect(run).toMatchObject({ status: "failed", failedStep: "check" });
  expect(run.failureMessage).toContain("exit status 7: 1 test failed");
  expect(await outcomes(run.id)).toMatchObject({ merge: "skipped", release: "succeeded" });
  await untouched();
}, 60_000);

test("a tree that is not clean, a lock that somebody holds, and a branch that is not there are said as they are", async () => {
  await writeFile(join(mine, "README.md"), "changed\n");
  expect((await ended(safeMerge, { BRANCH: "feature" })).failureMessage).toContain("README.md");
  await git("checkout", "--quiet", "--", ".");
  expect((await ended(safeMerge, { BRANCH: "nothing" })).failedStep).toBe("fetch");
  const blob = (await execa("git", ["hash-object", "-w", "--stdin"], { cwd: mine, input: "somebody" })).stdout;
  await git("update-ref", "refs/fairlead/lock", blob);
  expect((await ended(safeMerge, { BRANCH: "feature" })).failureMessage).toContain(
    "run somebody holds this repository's lock",
  );
  expect(await git("for-each-ref", "--format=%(refname)", "refs/fairlead/lock")).toBe("refs/fairlead/lock");
  await git("update-ref", "-d", "refs/fairlead/lock");
  await untouched();
}, 60_000);

test("a target that moves after it was looked at is not overwritten", async () => {
  const moves = `git -C ${mine} push --quiet origin main~0:refs/heads/other HEAD~0:refs/heads/main`;
  const run = await ended(safeMerge, { BRANCH: "feature", CHECK: `sh -c "${moves}"` });
  expect(run).toMatchObject({ status: "failed", failedStep: "push" });
  expect(run.failureMessage).toContain("stale info");
  expect(await gitIn(remote, "rev-parse", "main")).toBe(await gitIn(remote, "rev-parse", "feature"));
  expect(await outcomes(run.id)).toMatchObject({ verify: "skipped", release: "succeeded" });
}, 60_000);
