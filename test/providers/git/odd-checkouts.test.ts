import { rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import type { Checkout } from "../../../src/providers/git/calls/checkout-git.ts";
import { commitAll, headCommit } from "../../../src/providers/git/checkout/checkout.ts";
import { forkPoint } from "../../../src/providers/git/checkout/fork-point.ts";
import { putBack } from "../../../src/providers/git/checkout/put-back.ts";
import { setApart } from "../../../src/providers/git/checkout/set-apart.ts";
import { author, commit, git, makeCheckout, makeWorld, type World, write } from "./support.ts";

const branch = "change/odd-checkout";

async function begin(files?: Record<string, string>): Promise<{ world: World; place: Checkout; base: string }> {
  const world = await makeWorld(files);
  const place = await makeCheckout(world, branch);
  return { world, place, base: await headCommit(place) };
}

const save = (place: Checkout) => commitAll(place, { message: "Add a spinner", author, branch });
const filesIn = (place: Checkout) => git(place.checkout, "ls-tree", "-r", "--name-only", "HEAD");

test.each([
  ["edits", 'echo "more" >> c.txt; echo new > new.txt'],
  ["edits that are staged", 'echo "more" >> c.txt; echo new > new.txt; git add .'],
])("%s in a rebase that was not finished are part of the work", async (_, script) => {
  const { place } = await begin({ "a.txt": "one\n", "c.txt": "c\n" });
  await commit(place.checkout, { "a.txt": "two\n" }, "First");
  await commit(place.checkout, { "b.txt": "b\n" }, "Second");
  const rebase = "GIT_SEQUENCE_EDITOR='sed -i 1s/pick/edit/' git rebase -q -i HEAD~2";
  await execa("sh", ["-ec", `${rebase}; ${script}`], { cwd: place.checkout });
  expect(await save(place)).toBe(true);
  expect(await git(place.checkout, "show", "HEAD:c.txt")).toBe("c\nmore");
  expect(await git(place.checkout, "show", "HEAD:new.txt")).toBe("new");
  expect(await git(place.checkout, "log", "--format=%s", "HEAD~3..HEAD")).toBe("Add a spinner\nSecond\nFirst");
  expect(await git(place.checkout, "symbolic-ref", "--short", "HEAD")).toBe(branch);
});

test("a conflict that the agent resolved in a rebase that was not finished counts", async () => {
  const { world, place } = await begin({ "a.txt": "one\n" });
  await commit(place.checkout, { "a.txt": "mine\n" }, "Mine");
  await commit(world.clone, { "a.txt": "theirs\n" });
  await git(world.clone, "push", "--quiet", "origin", "main");
  await git(place.checkout, "fetch", "--quiet", world.url, "main:refs/remotes/origin/main");
  await expect(git(place.checkout, "rebase", "origin/main")).rejects.toThrow();
  await write(place.checkout, { "a.txt": "both\n", "b.txt": "more\n" });
  await save(place);
  expect(await git(place.checkout, "show", "HEAD:a.txt")).toBe("both");
  expect(await git(place.checkout, "show", "HEAD:b.txt")).toBe("more");
});

test("files with assume-unchanged or skip-worktree are committed as the preview shows them", async () => {
  const { place } = await begin({ "a.txt": "one\n", "b.txt": "one\n", "gone.txt": "one\n" });
  await git(place.checkout, "update-index", "--assume-unchanged", "a.txt");
  await git(place.checkout, "update-index", "--skip-worktree", "b.txt", "gone.txt");
  await write(place.checkout, { "a.txt": "two\n", "b.txt": "two\n" });
  await rm(join(place.checkout, "gone.txt"));
  expect(await save(place)).toBe(true);
  for (const name of ["a.txt", "b.txt"]) expect(await git(place.checkout, "show", `HEAD:${name}`)).toBe("two");
  expect(await git(place.checkout, "show", "HEAD:gone.txt")).toBe("one");
});

test("what setup made is left out file by file, and what the agent writes beside it is not", async () => {
  const { place } = await begin();
  await write(place.checkout, { "docs/made.md": "made\n", "top.txt": "made\n" });
  for (let number = 0; number < 501; number += 1) await write(place.checkout, { [`installed/${number}`]: "" });
  await setApart(place);
  await write(place.checkout, { "docs/guide.md": "mine\n", "installed/more": "mine\n" });
  expect(await save(place)).toBe(true);
  expect((await filesIn(place)).split("\n")).toEqual(["a.txt", "docs/guide.md"]);
});

test("a branch that has nothing in common with its target any more began where it was recorded", async () => {
  const { world, place, base } = await begin();
  await commit(place.checkout, { "b.txt": "two\n" });
  await git(world.clone, "commit", "--quiet", "--amend", "--message", "Another beginning");
  await git(world.clone, "push", "--quiet", "--force", "origin", "main");
  await git(place.checkout, "fetch", "--quiet", world.url, "+main:refs/remotes/origin/main");
  expect(await forkPoint(place, "main", base)).toBe(base);
});

test.each(["the checkout", "its .git"])(
  "%s that was replaced by a link to a person's is not worked in",
  async (what) => {
    const { world, place } = await begin();
    await save(place);
    const target = what === "the checkout" ? place.checkout : join(place.checkout, ".git");
    await rm(target, { recursive: true });
    await symlink(what === "the checkout" ? world.clone : join(world.clone, ".git"), target);
    await write(world.clone, { "private.txt": "mine\n" });
    const before = await git(world.clone, "rev-parse", "HEAD");
    await expect(save(place)).rejects.toThrow("replaced by a link");
    await expect(putBack(place, { branch, commit: before, aside: "round-2" })).rejects.toThrow("replaced by a link");
    expect(await git(world.clone, "status", "--porcelain")).toBe("?? private.txt");
    expect(await git(world.clone, "rev-parse", "HEAD")).toBe(before);
  },
);
