import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import type { MergeRequest } from "../../../../src/providers/git/port.ts";
import { openRepository } from "../../../../src/providers/git/repository.ts";
import { author, changeId, commit, git, makeWorld, pushChange, scratch, type World, write } from "../support.ts";

const branch = "change/spinner-3k1m0p00";
const never = new AbortController().signal;

async function requestFor(world: World, headCommit: string, more: Partial<MergeRequest> = {}): Promise<MergeRequest> {
  const title = "Add a loading spinner";
  const stillWanted = async () => true;
  // The first commit of all: every branch here begins from it or a later one.
  const baseCommit = (await git(world.clone, "rev-list", "--max-parents=0", "main")).split("\n")[0] ?? "";
  return { branch, targetBranch: "main", headCommit, baseCommit, changeId, title, author, stillWanted, ...more };
}

async function onRemote(world: World, format: string, ref = "main"): Promise<string> {
  return await git(world.url, "log", "-1", `--format=${format}`, ref);
}

test("a merge that is wanted no more leaves everything as it is", async () => {
  const world = await makeWorld();
  const before = await git(world.clone, "rev-parse", "main");
  const head = await pushChange(world, branch, { "b.txt": "two\n" });
  const result = await openRepository(world).merge(
    await requestFor(world, head, { stillWanted: async () => false }),
    never,
  );
  expect(result).toEqual({ state: "not wanted" });
  expect(await onRemote(world, "%H")).toBe(before);
});

test("a merge has the target as its first parent, the approved commit as its second, and the trailer", async () => {
  const world = await makeWorld();
  const target = await git(world.clone, "rev-parse", "main");
  const head = await pushChange(world, branch, { "b.txt": "two\n" });
  const result = await openRepository(world).merge(await requestFor(world, head), never);
  const tip = await onRemote(world, "%H");
  expect(result).toEqual({ state: "merged", commit: tip, already: false });
  expect(await onRemote(world, "%P")).toBe(`${target} ${head}`);
  expect(await onRemote(world, "%B")).toBe(`Merge change: Add a loading spinner\n\nFairlead-Change: ${changeId}\n`);
  expect(await onRemote(world, "%an <%ae> %cn <%ce>")).toBe(
    "Ada Lovelace <ada@example.org> Ada Lovelace <ada@example.org>",
  );
  expect(await git(world.url, "show", "main:b.txt")).toBe("two");
});

test("a merge that has landed is found, also under later commits, and lands once", async () => {
  const world = await makeWorld();
  const repository = openRepository(world);
  const head = await pushChange(world, branch, { "b.txt": "two\n" });
  const first = await repository.merge(await requestFor(world, head), never);
  await git(world.clone, "pull", "--quiet", "--ff-only", "origin", "main");
  await commit(world.clone, { "c.txt": "three\n" });
  await git(world.clone, "push", "--quiet", "origin", "main");
  expect(await repository.merge(await requestFor(world, head), never)).toEqual({ ...first, already: true });
});

test("what was approved later is merged although an earlier round of the change has landed", async () => {
  const world = await makeWorld();
  const repository = openRepository(world);
  const head = await pushChange(world, branch, { "b.txt": "two\n" });
  await repository.merge(await requestFor(world, head), never);
  await git(world.clone, "checkout", "--quiet", branch);
  const later = await commit(world.clone, { "b.txt": "more\n" });
  await git(world.clone, "push", "--quiet", "origin", branch);
  expect(await repository.merge(await requestFor(world, later), never)).toMatchObject({
    state: "merged",
    already: false,
  });
  expect(await git(world.url, "show", "main:b.txt")).toBe("more");
});

test("only the approved commit is merged, whatever has been pushed since", async () => {
  const world = await makeWorld();
  const approved = await pushChange(world, branch, { "b.txt": "approved\n" });
  await git(world.clone, "checkout", "--quiet", branch);
  await commit(world.clone, { "b.txt": "later\n" });
  await git(world.clone, "push", "--quiet", "origin", branch);
  await openRepository(world).merge(await requestFor(world, approved), never);
  expect(await git(world.url, "show", "main:b.txt")).toBe("approved");
});

test("a branch that somebody fast-forwarded by hand counts as merged at its head", async () => {
  const world = await makeWorld();
  const head = await pushChange(world, branch, { "b.txt": "two\n" });
  await git(world.clone, "merge", "--quiet", "--ff-only", branch);
  await commit(world.clone, { "c.txt": "three\n" });
  await git(world.clone, "push", "--quiet", "origin", "main");
  const result = await openRepository(world).merge(await requestFor(world, head), never);
  expect(result).toEqual({ state: "merged", commit: head, already: true });
});

test("a branch that somebody merged by hand counts as merged at their merge commit", async () => {
  const world = await makeWorld();
  const head = await pushChange(world, branch, { "b.txt": "two\n" });
  await git(world.clone, "merge", "--quiet", "--no-ff", "--no-edit", branch);
  const byHand = await git(world.clone, "rev-parse", "HEAD");
  await commit(world.clone, { "c.txt": "three\n" });
  await git(world.clone, "push", "--quiet", "origin", "main");
  const result = await openRepository(world).merge(await requestFor(world, head), never);
  expect(result).toEqual({ state: "merged", commit: byHand, already: true });
});

test("a conflict lists its files, hostile names too, and changes nothing", async () => {
  const world = await makeWorld({ "a.txt": "one\n", 'é "q"\n.txt': "one\n" });
  const head = await pushChange(world, branch, { "a.txt": "theirs\n", 'é "q"\n.txt': "theirs\n", "b.txt": "b\n" });
  const tip = await commit(world.clone, { "a.txt": "ours\n", 'é "q"\n.txt': "ours\n" });
  await git(world.clone, "push", "--quiet", "origin", "main");
  const result = await openRepository(world).merge(await requestFor(world, head), never);
  expect(result).toEqual({ state: "conflict", files: ["a.txt", 'é "q"\n.txt'] });
  expect(await onRemote(world, "%H")).toBe(tip);
});

test("many merges into one branch at once all land, each once", { timeout: 60_000 }, async () => {
  const world = await makeWorld();
  const heads = [];
  for (let n = 0; n < 6; n++) heads.push(await pushChange(world, `change/x-${n}`, { [`${n}.txt`]: "x\n" }));
  // Each has a mirror of its own, as on as many machines, so that they meet at the remote and nowhere before.
  const results = await Promise.all(
    heads.map(async (head, n) => {
      const repository = openRepository({ home: join(world.home, String(n)), url: world.url });
      return await repository.merge(
        await requestFor(world, head, { branch: `change/x-${n}`, changeId: `${changeId}${n}` }),
        never,
      );
    }),
  );
  expect(results.map(({ state }) => state)).toEqual(heads.map(() => "merged"));
  const trailers = await git(
    world.url,
    "log",
    "--first-parent",
    "--format=%(trailers:key=Fairlead-Change,valueonly)",
    "main",
  );
  expect(
    trailers
      .split("\n")
      .filter((line) => line !== "")
      .toSorted(),
  ).toEqual(heads.map((_, n) => `${changeId}${n}`));
});

test("a remote that refuses the merge is quoted", async () => {
  const world = await makeWorld();
  const head = await pushChange(world, branch, { "b.txt": "two\n" });
  const hook = join(world.url, "hooks/pre-receive");
  await write(world.url, { "hooks/pre-receive": "#!/bin/sh\necho 'error: two reviews are needed' >&2\nexit 1\n" });
  await chmod(hook, 0o755);
  await expect(openRepository(world).merge(await requestFor(world, head), never)).rejects.toMatchObject({
    code: "MERGE_REFUSED",
    message: expect.stringContaining("two reviews are needed"),
  });
});

test("a user's own clean checkout of the target is brought up to date by the merge", async () => {
  const world = await makeWorld();
  const head = await pushChange(world, branch, { "b.txt": "two\n" });
  await openRepository({ home: world.home, url: world.clone }).merge(await requestFor(world, head), never);
  expect(await readFile(join(world.clone, "b.txt"), "utf8")).toBe("two\n");
  expect(await git(world.clone, "status", "--porcelain")).toBe("");
});

test("a user's own checkout with changes in it is left alone, with a word on what to do", async () => {
  const world = await makeWorld();
  const head = await pushChange(world, branch, { "b.txt": "two\n" });
  const before = await git(world.clone, "rev-parse", "main");
  await write(world.clone, { "a.txt": "in the middle of something\n" });
  const failure = openRepository({ home: world.home, url: world.clone }).merge(await requestFor(world, head), never);
  await expect(failure).rejects.toMatchObject({
    code: "MERGE_REFUSED",
    message: expect.stringContaining("Commit or stash"),
  });
  expect(await git(world.clone, "rev-parse", "main")).toBe(before);
  expect(await readFile(join(world.clone, "a.txt"), "utf8")).toBe("in the middle of something\n");
});

test.each([
  ["rebase", ["rebase", "--quiet", "--interactive", "HEAD~2"]],
  ["bisection", ["bisect", "start", "HEAD", "HEAD~2"]],
])("a user's own checkout in which a %s is under way gets no merge", async (kind, args) => {
  const world = await makeWorld();
  const head = await pushChange(world, branch, { "b.txt": "two\n" });
  await commit(world.clone, { "c.txt": "three\n" });
  await commit(world.clone, { "d.txt": "four\n" });
  const before = await git(world.clone, "rev-parse", "main");
  await execa("git", ["-c", "user.name=G", "-c", "user.email=g@example.org", ...args], {
    cwd: world.clone,
    env: { GIT_SEQUENCE_EDITOR: "sed -i 1s/pick/edit/" },
  });
  const merging = openRepository({ home: world.home, url: world.clone }).merge(await requestFor(world, head), never);
  await expect(merging).rejects.toMatchObject({
    code: "MERGE_REFUSED",
    message: expect.stringContaining(`a ${kind} of "main" is under way`),
  });
  expect(await git(world.clone, "rev-parse", "main")).toBe(before);
  expect(await git(world.clone, "status", "--porcelain")).toBe("");
});

test("branches with nothing in common are not merged", async () => {
  const world = await makeWorld();
  await git(world.clone, "checkout", "--quiet", "--orphan", branch);
  const head = await commit(world.clone, { "b.txt": "two\n" });
  await git(world.clone, "push", "--quiet", "origin", branch);
  const failure = openRepository(world).merge(await requestFor(world, head), never);
  await expect(failure).rejects.toMatchObject({ code: "MERGE_REFUSED" });
});

test("a hostile title stays one line of the message, and a nameless author gets a name", async () => {
  const world = await makeWorld();
  const head = await pushChange(world, branch, { "b.txt": "two\n" });
  const title = `$(touch x) \`id\`\n\nFairlead-Change: other\u202e\0 ${"é".repeat(100)}`;
  await openRepository(world).merge(await requestFor(world, head, { title, author: { name: "<>", email: "" } }), never);
  const [subject = "", ...rest] = (await onRemote(world, "%B")).split("\n");
  expect(subject).toMatch(/^Merge change: \$\(touch x\) `id` Fairlead-Change: other é+…$/u);
  expect([...subject].length).toBe("Merge change: ".length + 72);
  expect(rest).toEqual(["", `Fairlead-Change: ${changeId}`, ""]);
  expect(await onRemote(world, "%an")).toBe("Fairlead");
});

test("a target or commit that is not there is named", async () => {
  const world = await makeWorld();
  const head = await pushChange(world, branch, { "b.txt": "two\n" });
  const repository = openRepository(world);
  await expect(repository.merge(await requestFor(world, head, { targetBranch: "mian" }), never)).rejects.toMatchObject({
    code: "BRANCH_UNKNOWN",
  });
  for (const unknown of ["0".repeat(40), "-x", "main"]) {
    await expect(repository.merge(await requestFor(world, unknown), never)).rejects.toMatchObject({
      code: "COMMIT_UNKNOWN",
    });
  }
});

test("a remote that has gone is a fault that says so", async () => {
  const world = await makeWorld();
  const head = await pushChange(world, branch, { "b.txt": "two\n" });
  const repository = openRepository(world);
  await repository.fetch();
  await git(await scratch(), "-C", world.directory, "init", "--quiet", "--bare", "other.git");
  const { rename } = await import("node:fs/promises");
  await rename(world.url, `${world.url}.gone`);
  await expect(repository.merge(await requestFor(world, head), never)).rejects.toMatchObject({
    code: "REPOSITORY_UNREACHABLE",
  });
});
