import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Change } from "../../src/domain/change.ts";
import { commitTo, gitIn, makeWorld, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
  await world.startWorker();
});
afterAll(() => world.close());

const write = (path: string, text: string) => ({ do: "write", path, text });

/** What is on the machine after a change has failed: its row, and its pushed branch if it ever had one. */
async function failed(change: Change): Promise<void> {
  await world.cleaned(change.id);
  expect(await world.services.provider("local").list()).not.toContain(change.environmentId);
}

test("a repository that does not answer fails the change with kind environment, and says so", async () => {
  await world.workspace("gone", "/nowhere/at/all.git", [[]]);
  const change = await world.reaches(await world.request("gone", "x"), "failed");
  expect(change).toMatchObject({ failureKind: "environment", failedIn: "provisioning" });
  expect(change.failureMessage).toContain("/nowhere/at/all.git");
  await failed(change);
});

test("an unknown target branch fails the change with the branches that there are", async () => {
  await world.workspace("branchless", await world.repository(), [[write("a", "a")]]);
  const [row] = await world.database.sql<{ id: Change["id"] }[]>`
    select id from fairlead.request_change('branchless', 'x', target_branch => 'nope')`;
  const change = await world.reaches(row?.id ?? ("" as Change["id"]), "failed");
  expect(change.failureMessage).toMatch(/nope.*main/s);
  await failed(change);
});

test("a setup command that fails says what it printed", async () => {
  const remote = await world.repository({
    ".fairlead.json": JSON.stringify({ setup: ["sh", "-c", "echo no such module >&2; exit 3"] }),
  });
  await world.workspace("setup", remote, [[write("a", "a")]]);
  const change = await world.reaches(await world.request("setup", "x"), "failed");
  expect(change).toMatchObject({ failureKind: "environment", failedIn: "provisioning" });
  expect(change.failureMessage).toContain("no such module");
  await failed(change);
});

test("an agent that exits non-zero fails the change with its last words, and its work is pushed", async () => {
  const remote = await world.repository();
  await world.workspace("crash", remote, [
    [write("half.txt", "half"), { do: "fail", exit: 3, message: "out of ideas" }],
  ]);
  const change = await world.reaches(await world.request("crash", "Do it"), "failed");
  expect(change).toMatchObject({ failureKind: "agent", failedIn: "implementing" });
  expect(change.failureMessage).toContain("out of ideas");
  await failed(change);
  expect(await gitIn(remote, "show", `${change.branchName}:half.txt`)).toBe("half");
});

test("an agent that changes nothing fails the change with kind no_changes", async () => {
  await world.workspace("idle", await world.repository(), [[{ do: "say", text: "It is fine as it is" }]]);
  const change = await world.reaches(await world.request("idle", "x"), "failed");
  expect(change).toMatchObject({ failureKind: "no_changes", failedIn: "implementing" });
  expect(change.failureMessage).toContain("It is fine as it is");
  await failed(change);
});

test("what the agent left uncommitted is committed, but never ignored files", async () => {
  const remote = await world.repository({ ".gitignore": "secret.env\n", "index.html": "x" });
  await world.workspace("ignored", remote, [[write("kept.txt", "kept"), write("secret.env", "KEY=1")]]);
  const change = await world.reaches(await world.request("ignored", "x"), "deployed");
  expect((await gitIn(remote, "ls-tree", "--name-only", change.branchName ?? "")).split("\n")).toEqual([
    ".gitignore",
    "index.html",
    "kept.txt",
  ]);
});

test("what the setup command makes or touches is no part of the change", async () => {
  const setup = ["sh", "-c", "mkdir 'made [by]'; touch x.tmp 'made [by]/y'; echo touched >> index.html"];
  const remote = await world.repository({ "index.html": "x\n", ".fairlead.json": JSON.stringify({ setup }) });
  await world.workspace("setup-made", remote, [[write("kept.txt", "kept")]]);
  const change = await world.reaches(await world.request("setup-made", "x"), "deployed");
  const files = await gitIn(remote, "diff", "--name-only", "main", change.branchName ?? "");
  expect(files.split("\n")).toEqual(["kept.txt"]);
});

test("an app that ends at once fails the change with kind preview and the end of its output", async () => {
  const start = ["sh", "-c", "echo cannot find config >&2; exit 1"];
  const remote = await world.repository({ ".fairlead.json": JSON.stringify({ start }) });
  await world.workspace("dead", remote, [[write("a", "a")]]);
  const change = await world.reaches(await world.request("dead", "x"), "failed");
  expect(change).toMatchObject({ failureKind: "preview", failedIn: "implementing" });
  expect(change.failureMessage).toContain("cannot find config");
  await failed(change);
});

test("a port in use, on which the app insists, is named", async () => {
  const { createServer } = await import("node:net");
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const remote = await world.repository({ ".fairlead.json": JSON.stringify({ start: ["sleep", "60"], port }) });
  await world.workspace("port", remote, [[write("a", "a")]]);
  const change = await world.reaches(await world.request("port", "x"), "failed");
  expect(change.failureKind).toBe("preview");
  expect(change.failureMessage).toContain(String(port));
  server.close();
});

test("a repository with nothing to serve is deployed without a preview, to be judged by its diff", async () => {
  await world.workspace("library", await world.repository({ "lib.py": "x = 1\n" }), [[write("lib.py", "x = 2\n")]]);
  const change = await world.reaches(await world.request("library", "x"), "deployed");
  expect(change.previewUrl).toBeNull();
});

test("a conflict fails with the files, and a retry hands it to the agent, who resolves it", async () => {
  const remote = await world.repository({ "index.html": "one\n" });
  const resolve = "git merge -q -s ours origin/main && echo both > index.html";
  const script = `if grep -q 'Merging it failed'; then ${resolve}; else echo ours > index.html; fi`;
  await world.workspace("conflict", remote, []);
  await world.database.sql`
    update fairlead.workspaces set agent = 'command',
      agent_settings = ${world.database.sql.json({ argv: ["sh", "-c", script] })} where name = 'conflict'`;
  const id = await world.request("conflict", "Change it");
  await world.reaches(id, "deployed");
  const colleague = `${remote}-colleague`;
  await execa("git", ["clone", "--quiet", remote, colleague]);
  await commitTo(colleague, { "index.html": "theirs\n" }, "Meanwhile");
  await world.database.sql`select fairlead.approve_change(${id}, 'ann')`;
  const change = await world.reaches(id, "failed");
  expect(change).toMatchObject({ failureKind: "conflict", failedIn: "merging" });
  expect(change.failureMessage).toContain("index.html");
  await failed(change);

  await world.database.sql`select fairlead.retry_change(${id}, 'ann')`;
  await world.reaches(id, "deployed");
  await world.database.sql`select fairlead.approve_change(${id}, 'ann')`;
  await world.reaches(id, "merged");
  expect(await gitIn(remote, "show", "main:index.html")).toBe("both");
});

test("rejection cleans up and deletes the branch", async () => {
  const remote = await world.repository();
  await world.workspace("rejected", remote, [[write("a", "a")]]);
  const id = await world.request("rejected", "x");
  const deployed = await world.reaches(id, "deployed");
  expect(await gitIn(remote, "branch", "--list", "change/*")).toContain(deployed.branchName);
  await world.database.sql`select fairlead.reject_change(${id}, 'ann', 'not like this')`;
  await world.cleaned(id);
  expect(await gitIn(remote, "branch", "--list", "change/*")).toBe("");
  expect(await gitIn(remote, "log", "--format=%s", "main")).toBe("Begin");
});

test("a cancel in mid-implementation stops the agent within two seconds and keeps its work", async () => {
  const remote = await world.repository();
  await world.workspace("cancel", remote, [
    [write("half.txt", "half"), { do: "spawn" }, { do: "hang", ignoreTerm: true }],
  ]);
  const id = await world.request("cancel", "Take your time");
  const change = await world.reaches(id, "implementing");
  const environment = world.services.provider("local").open(change.environmentId ?? ("" as never), remote);
  await world.row(async () => ((await environment.readFile("half.txt")) === null ? [] : [{}]));
  const before = performance.now();
  await world.database.sql`select fairlead.cancel_change(${id}, 'ann')`;
  await world.row(async () => ((await environment.adopt("agent-1")).state === "running" ? [] : [{}]));
  expect(performance.now() - before).toBeLessThan(2000);
  await failed(await world.change(id));
  expect(await gitIn(remote, "show", `${change.branchName}:half.txt`)).toBe("half");
});

test("a retry after a failure in implementing goes on from the branch", async () => {
  const remote = await world.repository();
  const fails = [write("first.txt", "first"), { do: "fail", exit: 1, message: "tired" }];
  await world.workspace("retry", remote, [fails]);
  const id = await world.request("retry", "Two steps");
  const first = await world.reaches(id, "failed");
  await failed(first);
  const settings = { rounds: [[write("second.txt", "second")]] };
  await world.database.sql`
    update fairlead.workspaces set agent_settings = ${world.database.sql.json(settings)} where name = 'retry'`;
  await world.database.sql`select fairlead.retry_change(${id}, 'ann')`;
  const deployed = await world.reaches(id, "deployed");
  expect(deployed.branchName).toBe(first.branchName);
  expect(deployed.environmentId).not.toBe(first.environmentId);
  const files = await gitIn(remote, "ls-tree", "--name-only", deployed.branchName ?? "");
  expect(files.split("\n")).toEqual(["first.txt", "index.html", "second.txt"]);
});

test("a retry straight after a cancel waits for the clean-up, and goes on from the work that it saved", async () => {
  const { sql } = world.database;
  const remote = await world.repository();
  await world.workspace("hasty", remote, [
    [write("half.txt", "half"), { do: "say", text: "half" }, { do: "wait", ms: 3000 }],
  ]);
  const id = await world.request("hasty", "Two halves");
  await world.row(() => sql`select from fairlead.log_chunks where change_id = ${id} and text like '%half%'`);
  const rounds = sql.json({ rounds: [[write("other.txt", "other")]] });
  await sql`update fairlead.workspaces set agent_settings = ${rounds} where name = 'hasty'`;
  await sql`select fairlead.cancel_change(${id}, 'ann')`;
  await sql`select fairlead.retry_change(${id}, 'ann')`;
  const deployed = await world.reaches(id, "deployed");
  const files = await gitIn(remote, "ls-tree", "--name-only", deployed.branchName ?? "");
  expect(files.split("\n")).toEqual(["half.txt", "index.html", "other.txt"]);
  const left = await sql`select from fairlead.environments where change_id = ${id} and status <> 'terminated'`;
  expect(left).toHaveLength(1);
});

test("a cancel during the push of a merge says that the merge has landed, and a retry finishes it", async () => {
  const { sql } = world.database;
  const remote = await world.repository();
  await world.workspace("landed", remote, [[write("a.txt", "a")]]);
  const id = await world.request("landed", "Land it");
  await world.reaches(id, "deployed");
  const hook = join(remote, "hooks", "pre-receive");
  const pushed = join(world.home, "pushed");
  await writeFile(hook, `#!/bin/sh\nif grep -q refs/heads/main; then touch ${pushed}; sleep 1; fi\n`, { mode: 0o755 });
  await sql`select fairlead.approve_change(${id}, 'ann')`;
  await world.row(async () => (existsSync(pushed) ? [{}] : []));
  await sql`select fairlead.cancel_change(${id}, 'ann')`;
  const row = await world.row(
    () => sql<{ failureMessage: string; mergeCommitSha: string }[]>`
    select failure_message, merge_commit_sha from fairlead.change_requests
    where id = ${id} and merge_commit_sha is not null`,
  );
  expect(row.failureMessage).toContain(`landed already, as ${row.mergeCommitSha}`);
  expect(await gitIn(remote, "rev-parse", "main")).toBe(row.mergeCommitSha);
  await rm(hook);
  await sql`select fairlead.retry_change(${id}, 'ann')`;
  await world.reaches(id, "deployed");
  await sql`select fairlead.approve_change(${id}, 'ann')`;
  const merged = await world.reaches(id, "merged");
  expect(merged.mergeCommitSha).toBe(row.mergeCommitSha);
});

test("output with NUL bytes in it fails the change like any other", async () => {
  const setup = ["sh", "-c", "printf 'a\\000b\\n'; exit 1"];
  await world.workspace("nul", await world.repository({ ".fairlead.json": JSON.stringify({ setup }) }), [[]]);
  const change = await world.reaches(await world.request("nul", "x"), "failed");
  expect(change.failureKind).toBe("environment");
});
