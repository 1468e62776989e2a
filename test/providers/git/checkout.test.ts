import { existsSync } from "node:fs";
import { chmod, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Checkout } from "../../../src/providers/git/calls/checkout-git.ts";
import {
  changedSince,
  commitAll,
  countCommitsSince,
  headCommit,
} from "../../../src/providers/git/checkout/checkout.ts";
import { author, commit, git, makeCheckout, makeWorld, publish, pushChange, type World, write } from "./support.ts";

const branch = "change/spinner-3k1m0p00";

async function begin(files?: Record<string, string>): Promise<{ world: World; place: Checkout; base: string }> {
  const world = await makeWorld(files);
  const place = await makeCheckout(world, branch);
  return { world, place, base: await headCommit(place) };
}

const save = (place: Checkout, message = "Add a spinner") => commitAll(place, { message, author, branch });
const filesIn = (place: Checkout, ref = "HEAD") => git(place.checkout, "ls-tree", "-r", "--name-only", ref);

test("what the agent left is committed, new and deleted files too, ignored ones never", async () => {
  const { place, base } = await begin({ "a.txt": "one\n", "b.txt": "two\n", ".gitignore": "*.log\n" });
  await write(place.checkout, { "a.txt": "changed\n", 'new/é "q".txt': "new\n", "x.log": "noise\n" });
  await write(place.checkout, { "node_modules/x/index.js": "installed\n" });
  await rm(join(place.checkout, "b.txt"));
  expect(await save(place, "$(touch pwned) # not a comment\n\n# nor this\0")).toBe(true);
  expect(await git(place.checkout, "-c", "core.quotePath=false", "ls-tree", "-rz", "--name-only", "HEAD")).toBe(
    '.gitignore\0a.txt\0new/é "q".txt\0',
  );
  expect(await git(place.checkout, "log", "-1", "--format=%an <%ae>|%B")).toBe(
    "Ada Lovelace <ada@example.org>|$(touch pwned) # not a comment\n\n# nor this\n",
  );
  expect(await countCommitsSince(place, base)).toBe(1);
  expect(await changedSince(place, base)).toBe(true);
});

test("installed packages are ignored, but in the folders in which the repository has committed some", async () => {
  const { place } = await begin({
    "[app]/node_modules/y/index.js": "committed\n",
    "lib/fixtures/node_modules/z/node_modules/w/index.js": "committed\n",
  });
  await write(place.checkout, {
    "[app]/node_modules/x/index.js": "added\n",
    "lib/fixtures/node_modules/z/node_modules/v/index.js": "added\n",
    "node_modules/x/index.js": "installed\n",
    "lib/node_modules/x/index.js": "installed\n",
  });
  expect(await save(place)).toBe(true);
  expect((await filesIn(place)).split("\n")).toEqual([
    "[app]/node_modules/x/index.js",
    "[app]/node_modules/y/index.js",
    "lib/fixtures/node_modules/z/node_modules/v/index.js",
    "lib/fixtures/node_modules/z/node_modules/w/index.js",
  ]);
});

test("where the agent left nothing, nothing is committed", async () => {
  const { place, base } = await begin();
  expect(await save(place)).toBe(false);
  expect(await headCommit(place)).toBe(base);
  expect(await changedSince(place, base)).toBe(false);
});

test("commits that cancel each other out are no change", async () => {
  const { place, base } = await begin();
  await commit(place.checkout, { "a.txt": "two\n" });
  await commit(place.checkout, { "a.txt": "one\n" });
  expect(await countCommitsSince(place, base)).toBe(2);
  expect(await changedSince(place, base)).toBe(false);
});

test("neither the agent's hooks nor its signing settings get into the way", async () => {
  const { world, place } = await begin();
  await write(place.checkout, {
    ".git/hooks/pre-commit": "#!/bin/sh\nexit 1\n",
    ".git/hooks/pre-push": "#!/bin/sh\nexit 1\n",
  });
  for (const hook of ["pre-commit", "pre-push"]) await chmod(join(place.checkout, ".git/hooks", hook), 0o755);
  await git(place.checkout, "config", "commit.gpgSign", "true");
  await git(place.checkout, "config", "gpg.program", "/bin/false");
  await write(place.checkout, { "a.txt": "two\n" });
  expect(await save(place)).toBe(true);
  await publish(world, place, branch);
  expect(await git(world.url, "rev-parse", branch)).toBe(await headCommit(place));
});

test("the locks of a git that was killed are taken away", { timeout: 20_000 }, async () => {
  const { place } = await begin();
  await write(place.checkout, { "a.txt": "two\n", ".git/index.lock": "", ".git/HEAD.lock": "" });
  expect(await save(place)).toBe(true);
  expect(existsSync(join(place.checkout, ".git/index.lock"))).toBe(false);
});

test("two workers that save one checkout at once make one commit and one branch, and neither fails", async () => {
  const world = await makeWorld();
  const place = await makeCheckout(world, branch);
  let last = await headCommit(place);
  for (const round of ["one", "two", "three", "four", "five"]) {
    await write(place.checkout, { "a.txt": `${round}\n`, [`new/${round}.txt`]: round });
    await Promise.all([1, 2, 3].map(() => save(place).then(() => publish(world, place, branch))));
    expect(await countCommitsSince(place, last)).toBe(1);
    expect(await git(place.checkout, "status", "--porcelain")).toBe("");
    last = await headCommit(place);
    expect(await git(world.url, "rev-parse", branch)).toBe(last);
  }
});

test("work on a branch of the agent's own comes back once, also when two workers bring it", async () => {
  const { place, base } = await begin();
  await git(place.checkout, "checkout", "--quiet", "-b", "feature/mine");
  await commit(place.checkout, { "b.txt": "two\n" });
  await write(place.checkout, { "c.txt": "three\n" });
  await Promise.all([save(place), save(place)]);
  expect(await git(place.checkout, "branch", "--show-current")).toBe(branch);
  expect(await countCommitsSince(place, base)).toBe(2);
  expect(await filesIn(place)).toBe("a.txt\nb.txt\nc.txt");
});

test("a merge that stopped on a conflict is committed with a note that says so", async () => {
  const { world, place, base } = await begin();
  await commit(place.checkout, { "a.txt": "ours\n" });
  await commit(world.clone, { "a.txt": "theirs\n" });
  await git(world.clone, "push", "--quiet", "origin", "main");
  await git(place.checkout, "fetch", "--quiet");
  await expect(git(place.checkout, "merge", "origin/main")).rejects.toThrow();
  expect(await save(place)).toBe(true);
  expect(await git(place.checkout, "log", "-1", "--format=%b")).toContain("unmerged: a.txt");
  expect(await git(place.checkout, "status", "--porcelain")).toBe("");
  expect(await countCommitsSince(place, base)).toBe(3);
});

test("a rebase that stopped half-way is taken back to where it began", async () => {
  const { world, place } = await begin();
  const mine = await commit(place.checkout, { "a.txt": "ours\n" });
  await commit(world.clone, { "a.txt": "theirs\n" });
  await git(world.clone, "push", "--quiet", "origin", "main");
  await git(place.checkout, "fetch", "--quiet");
  await expect(git(place.checkout, "rebase", "origin/main")).rejects.toThrow();
  await save(place);
  expect(await headCommit(place)).toBe(mine);
  expect(await git(place.checkout, "branch", "--show-current")).toBe(branch);
});

test.each([
  ["a branch of its own", ["checkout", "--quiet", "-b", "feature/mine"]],
  ["no branch at all", ["checkout", "--quiet", "--detach"]],
])("work that the agent did on %s comes back to the change's branch", async (_, leave) => {
  const { place } = await begin();
  await git(place.checkout, ...leave);
  const done = await commit(place.checkout, { "b.txt": "two\n" });
  await write(place.checkout, { "c.txt": "three\n" });
  await save(place);
  expect(await git(place.checkout, "branch", "--show-current")).toBe(branch);
  expect(await git(place.checkout, "rev-parse", "HEAD^")).toBe(done);
  expect(await filesIn(place)).toBe("a.txt\nb.txt\nc.txt");
});

test("an agent that went back to main when it was done has its work found on the branch", async () => {
  const { place } = await begin();
  const done = await commit(place.checkout, { "b.txt": "two\n" });
  await git(place.checkout, "checkout", "--quiet", "-b", "main", "origin/main");
  await save(place);
  expect(await headCommit(place)).toBe(done);
  expect(await git(place.checkout, "branch", "--show-current")).toBe(branch);
});

test("work on two branches is brought together, and where it can't be, the last stands and the other is kept", async () => {
  const { place, base } = await begin();
  const first = await commit(place.checkout, { "a.txt": "first\n", "b.txt": "b\n" });
  await git(place.checkout, "checkout", "--quiet", "-b", "second", base);
  await commit(place.checkout, { "a.txt": "second\n" });
  await save(place);
  expect(await readFile(join(place.checkout, "a.txt"), "utf8")).toBe("second\n");
  await git(place.checkout, "merge-base", "--is-ancestor", first, "HEAD");
  await git(place.checkout, "checkout", "--quiet", "-b", "third", base);
  await commit(place.checkout, { "d.txt": "third\n" });
  await save(place);
  expect(await filesIn(place)).toBe("a.txt\nd.txt");
  expect(await git(place.checkout, "branch", "--show-current")).toBe(branch);
});

test("repositories that the agent made inside the checkout are committed as plain files", async () => {
  const { place } = await begin();
  await git(place.checkout, "init", "--quiet", "app");
  await write(place.checkout, { "app/index.html": "<p>\n" });
  await git(place.checkout, "init", "--quiet", "lib/deep");
  await commit(join(place.checkout, "lib/deep"), { "x.txt": "x\n" });
  expect(await save(place)).toBe(true);
  expect(await filesIn(place)).toBe("a.txt\napp/index.html\nlib/deep/x.txt");
});

test("a worktree that the agent made inside the checkout is left out", async () => {
  const { place } = await begin();
  await git(place.checkout, "worktree", "add", "--quiet", ".agent/tree", "-b", "side");
  await write(place.checkout, { "b.txt": "two\n" });
  expect(await save(place)).toBe(true);
  expect(await filesIn(place)).toBe("a.txt\nb.txt");
});

test("a checkout that has lost its .git is a fault, and no repository around it is touched", async () => {
  const { world, place } = await begin();
  await git(world.directory, "init", "--quiet");
  await rm(join(place.checkout, ".git"), { recursive: true });
  await expect(save(place)).rejects.toMatchObject({ code: "CHECKOUT_BROKEN" });
  expect(await git(world.directory, "status", "--porcelain", "--untracked-files=no")).toBe("");
  await expect(headCommit(place)).rejects.toMatchObject({ code: "CHECKOUT_BROKEN" });
});

test("a push can be repeated, and goes on from what was pushed", async () => {
  const { world, place } = await begin();
  for (const text of ["one", "two"]) {
    await commit(place.checkout, { "b.txt": text });
    await publish(world, place, branch);
    await publish(world, place, branch);
    expect(await git(world.url, "rev-parse", branch)).toBe(await headCommit(place));
  }
});

test("a branch that somebody else pushed to is not overwritten", async () => {
  const { world, place } = await begin();
  await commit(place.checkout, { "b.txt": "mine\n" });
  const theirs = await pushChange(world, branch, { "b.txt": "theirs\n" });
  await expect(publish(world, place, branch)).rejects.toMatchObject({ code: "BRANCH_MOVED_ON" });
  await git(place.checkout, "fetch", "--quiet");
  await expect(publish(world, place, branch)).rejects.toMatchObject({ code: "BRANCH_MOVED_ON" });
  expect(await git(world.url, "rev-parse", branch)).toBe(theirs);
});

test("a commit that the agent amended after it was pushed is pushed again", async () => {
  const { world, place } = await begin();
  await commit(place.checkout, { "b.txt": "one\n" });
  await publish(world, place, branch);
  await git(place.checkout, "commit", "--quiet", "--amend", "--message", "better");
  await publish(world, place, branch);
  expect(await git(world.url, "rev-parse", branch)).toBe(await headCommit(place));
});

test("a branch that an earlier environment pushed may be rewritten by a later one that began with it", async () => {
  const world = await makeWorld();
  await pushChange(world, branch, { "b.txt": "one\n" });
  const place = await makeCheckout(world, branch);
  await git(place.checkout, "commit", "--quiet", "--amend", "--message", "better");
  await publish(world, place, branch);
  expect(await git(world.url, "rev-parse", branch)).toBe(await headCommit(place));
});

test("a push that the remote's hook refuses is quoted, and one that doesn't get there says so", async () => {
  const { world, place } = await begin();
  await commit(place.checkout, { "b.txt": "one\n" });
  await write(world.url, { "hooks/pre-receive": "#!/bin/sh\necho 'file too large' >&2\nexit 1\n" });
  await chmod(join(world.url, "hooks/pre-receive"), 0o755);
  await expect(publish(world, place, branch)).rejects.toMatchObject({
    code: "PUSH_REFUSED",
    message: expect.stringContaining("file too large"),
  });
  await rm(world.url, { recursive: true });
  await expect(publish(world, place, branch)).rejects.toMatchObject({ code: "REPOSITORY_UNREACHABLE" });
});

test("a branch that a person has checked out in their own repository is brought up to date there", async () => {
  const world = await makeWorld();
  const own = { ...world, url: world.clone };
  const place = await makeCheckout(own, branch);
  await commit(place.checkout, { "b.txt": "one\n" });
  await publish(own, place, branch);
  await git(world.clone, "checkout", "--quiet", branch);
  await commit(place.checkout, { "b.txt": "two\n" });
  await publish(own, place, branch);
  expect(await readFile(join(world.clone, "b.txt"), "utf8")).toBe("two\n");
});
