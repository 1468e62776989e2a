import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { diffChange } from "../../../src/actions/changes/diff-change.ts";
import type { ChangeId } from "../../../src/domain/ids.ts";
import { commitTo, gitIn, makeWorld, type World } from "../../support/world.ts";
import { noticesOf, nowRuns, shellWorkspace } from "./support.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
  await world.startWorker();
});
afterAll(() => world.close());

/** A colleague's clone of a remote. */
async function colleague(remote: string): Promise<string> {
  const folder = join(await mkdtemp(join(world.home, "colleague-")), "clone");
  await execa("git", ["clone", "--quiet", remote, folder]);
  return folder;
}

async function diffOf(id: ChangeId): Promise<string> {
  const { bytes } = await diffChange(world.services, await world.change(id), { limitBytes: 1_000_000 });
  return Buffer.from(bytes).toString();
}

const approve = async (id: ChangeId) => {
  await world.database.sql`select fairlead.approve_change(${id}, 'ann')`;
};

test("a diff shows what the change adds, also when its branch has taken in the target meanwhile", async () => {
  const { sql } = world.database;
  const remote = await world.repository();
  await shellWorkspace(world, "merges-target", remote, { script: "echo mine > mine.txt" });
  const id = await world.request("merges-target", "Mine");
  await world.reaches(id, "deployed");
  await commitTo(await colleague(remote), { "theirs.txt": "theirs\n" }, "Theirs");
  await nowRuns(
    world,
    "merges-target",
    "git fetch -q origin; git merge -q --no-edit origin/main; echo more >> mine.txt",
  );
  await sql`select fairlead.request_changes(${id}, 'ann', 'merge main')`;
  await world.row(async () => ((await world.change(id)).round === 2 ? [{}] : []));
  await world.reaches(id, "deployed");
  expect(await diffOf(id)).toContain("mine.txt");
  expect(await diffOf(id)).not.toContain("theirs.txt");
  await approve(id);
  await world.reaches(id, "merged");
  expect(await diffOf(id)).toContain("mine.txt");
  expect(await diffOf(id)).not.toContain("theirs.txt");
}, 60_000);

test("a change that has only merged its target has changed nothing", async () => {
  const remote = await world.repository();
  const clone = await colleague(remote);
  const merges = "while [ ! -e ../go ]; do sleep 0.1; done; git fetch -q origin; git merge -q --no-edit origin/main";
  await shellWorkspace(world, "only-merges", remote, { script: `git commit -q --allow-empty -m Nothing; ${merges}` });
  const id = await world.request("only-merges", "Nothing");
  const { environmentId } = await world.reaches(id, "implementing");
  await commitTo(clone, { "theirs.txt": "theirs\n" }, "Theirs");
  await writeFile(join(world.home, "environments", String(environmentId), "go"), "");
  const failed = await world.reaches(id, "failed");
  expect(failed.failureKind).toBe("no_changes");
});

/** Rewrites the history of the remote's main: the file is gone from every commit. */
async function purge(remote: string, file: string): Promise<void> {
  const clone = await colleague(remote);
  const filter = ["filter-branch", "--force", "--index-filter", `git rm -q --cached --ignore-unmatch ${file}`, "main"];
  await execa("git", filter, { cwd: clone, env: { FILTER_BRANCH_SQUELCH_WARNING: "1" } });
  await execa("git", ["push", "--quiet", "--force", "origin", "main"], { cwd: clone });
}

test("a target whose history was rewritten does not get its old commits back, and a retry brings the change there", async () => {
  const remote = await world.repository();
  const clone = await colleague(remote);
  await commitTo(clone, { "secret.key": "secret\n" }, "Add a key");
  await commitTo(clone, { "app.js": "app\n" }, "Add an app");
  await shellWorkspace(world, "rewritten", remote, { script: "echo mine > mine.txt" });
  const id = await world.request("rewritten", "Mine");
  const { headCommit } = await world.reaches(id, "deployed");
  await purge(remote, "secret.key");
  const purged = await gitIn(remote, "rev-parse", "main");
  await approve(id);
  const failed = await world.reaches(id, "failed");
  expect(failed.failureKind).toBe("rewritten");
  expect(failed.failureMessage).toContain("Add a key");
  expect(await gitIn(remote, "rev-parse", "main")).toBe(purged);

  await world.database.sql`select fairlead.retry_change(${id}, 'ann')`;
  const again = await world.reaches(id, "deployed");
  expect(again.headCommit).not.toBe(headCommit);
  await approve(id);
  await world.reaches(id, "merged");
  expect(await gitIn(remote, "log", "--format=%s", "main", "--", "secret.key")).toBe("");
  expect(await gitIn(remote, "show", "main:mine.txt")).toBe("mine");
  expect(await gitIn(remote, "merge-base", "--is-ancestor", purged, "main")).toBe("");
}, 90_000);

test("a target that was reset to an earlier commit does not get the later ones back", async () => {
  const remote = await world.repository();
  const clone = await colleague(remote);
  await commitTo(clone, { "bad.txt": "bad\n" }, "A mistake");
  await shellWorkspace(world, "reset", remote, { script: "echo mine > mine.txt" });
  const id = await world.request("reset", "Mine");
  await world.reaches(id, "deployed");
  await execa("git", ["push", "--quiet", "--force", "origin", "HEAD~1:main"], { cwd: clone });
  await approve(id);
  const failed = await world.reaches(id, "failed");
  expect(failed).toMatchObject({ failureKind: "rewritten", failureMessage: expect.stringContaining("A mistake") });
}, 60_000);

test("an agent that pushes to the target itself fails its change, and a person is told what is there", async () => {
  const remote = await world.repository();
  const script = `echo mine > mine.txt; git add .; git commit -q -m "Sneaked in"; git push -q ${remote} HEAD:main`;
  await shellWorkspace(world, "pushes", remote, { script });
  const id = await world.request("pushes", "Mine");
  const failed = await world.reaches(id, "failed");
  expect(failed.failureKind).toBe("agent");
  expect(failed.failureMessage).toContain("Sneaked in");
  expect(await noticesOf(world, id)).toEqual([
    { code: "landed_unapproved", text: expect.stringContaining("Sneaked in") },
  ]);
});

test("a change that a person merged by hand and approved causes no notice on other changes", async () => {
  const remote = await world.repository();
  await shellWorkspace(world, "by-hand", remote, {
    script: 'echo "$FAIRLEAD_ENVIRONMENT" > "$FAIRLEAD_ENVIRONMENT"; git add .; git commit -q -m Work',
  });
  const [one, other] = [await world.request("by-hand", "One"), await world.request("by-hand", "Other")];
  const { branchName } = await world.reaches(one, "deployed");
  await world.reaches(other, "deployed");
  await execa("git", ["push", "--quiet", "origin", `origin/${branchName}:main`], { cwd: await colleague(remote) });
  await approve(one);
  await world.reaches(one, "merged");
  await world.cleaned(one);
  await nowRuns(world, "by-hand", "echo more > more.txt");
  await world.database.sql`select fairlead.request_changes(${other}, 'ann', 'more')`;
  await world.row(async () => ((await world.change(other)).round === 2 ? [{}] : []));
  await world.reaches(other, "deployed");
  expect(await noticesOf(world, other)).toEqual([]);
}, 60_000);

test("what an agent pushes to the target from a clone of its own is told, and fails no change", async () => {
  const remote = await world.repository();
  const elsewhere = `git clone -q ${remote} ../clone; cd ../clone; echo x > x; git add .; git commit -q -m "From elsewhere"; git push -q`;
  await shellWorkspace(world, "elsewhere", remote, { script: `echo mine > mine.txt; ${elsewhere}` });
  const id = await world.request("elsewhere", "Mine");
  await world.reaches(id, "deployed");
  expect(await noticesOf(world, id)).toEqual([
    { code: "landed_unapproved", text: expect.stringContaining("From elsewhere") },
  ]);
}, 60_000);

test("a rejected change whose commits are on the target says so", async () => {
  const { sql } = world.database;
  const remote = await world.repository();
  await shellWorkspace(world, "lands", remote, { script: "echo mine > mine.txt" });
  const id = await world.request("lands", "Mine");
  const { headCommit, branchName } = await world.reaches(id, "deployed");
  const clone = await colleague(remote);
  await execa("git", ["push", "--quiet", "origin", `origin/${branchName}:main`], { cwd: clone });
  await sql`select fairlead.reject_change(${id}, 'ann')`;
  await world.cleaned(id);
  expect(await noticesOf(world, id)).toEqual([
    { code: "landed_unapproved", text: expect.stringContaining(String(headCommit).slice(0, 10)) },
  ]);
});

test("an agent that rewrites the commits its branch began with fails its change, and its work is saved", async () => {
  const remote = await world.repository();
  await commitTo(await colleague(remote), { "base.txt": "base\n" }, "Base");
  await shellWorkspace(world, "amends", remote, {
    script: "echo mine > mine.txt; git add .; git commit -q --amend --no-edit",
  });
  const id = await world.request("amends", "Mine");
  const failed = await world.reaches(id, "failed");
  expect(failed.failureMessage).toContain("rewrote commits of main");
  await world.cleaned(id);
  const [notice] = await noticesOf(world, id);
  expect(notice?.code).toBe("work_saved");
  const branch = /is saved as (\S+):/.exec(notice?.text ?? "")?.[1] ?? "";
  expect(await gitIn(remote, "show", `${branch}:mine.txt`)).toBe("mine");
});

test("setup, start and check come from the target, and an agent's version of them takes effect after the merge", async () => {
  const remote = await world.repository({ "index.html": "x\n", ".fairlead.json": '{"setup": "touch ../by-target"}' });
  const script = 'echo "{\\"setup\\": \\"touch ../by-agent\\", \\"start\\": \\"false\\"}" > .fairlead.json';
  await shellWorkspace(world, "blueprint", remote, { script });
  const id = await world.request("blueprint", "Own commands");
  const { environmentId, blueprint } = await world.reaches(id, "deployed");
  expect(blueprint).toMatchObject({ setup: ["touch", "../by-target"] });
  expect(await noticesOf(world, id)).toEqual([
    { code: "blueprint_changed", text: expect.stringContaining(".fairlead.json") },
  ]);
  await approve(id);
  await world.reaches(id, "merged");
  expect(environmentId).not.toBeNull();
  const next = await world.request("blueprint", "After the merge");
  const after = await world.row(async () => {
    const change = await world.change(next);
    return change.blueprint === null ? [] : [change];
  });
  expect(after.blueprint).toMatchObject({ setup: ["touch", "../by-agent"] });
}, 60_000);
