import { expect, test } from "vitest";
import { openRepository } from "../../../src/providers/git/repository.ts";
import { commit, git, makeWorld, pushChange, scratch } from "./support.ts";

const branch = "change/spinner-3k1m0p00";

test("the default branch is the one the remote's HEAD names", async () => {
  const world = await makeWorld();
  expect(await openRepository(world).defaultBranch()).toBe("main");
  await git(world.clone, "push", "--quiet", "origin", "main:refs/heads/trunk");
  await git(world.url, "symbolic-ref", "HEAD", "refs/heads/trunk");
  expect(await openRepository(world).defaultBranch()).toBe("trunk");
  await git(world.url, "symbolic-ref", "HEAD", "refs/heads/gone");
  expect(await openRepository(world).defaultBranch()).toBe("main");
});

test("a branch is on the remote or it isn't, and one that ends like it doesn't count", async () => {
  const world = await makeWorld();
  await pushChange(world, "other/topic", { "b.txt": "two\n" });
  const repository = openRepository(world);
  expect(await repository.hasBranch("other/topic")).toBe(true);
  expect(await repository.hasBranch("topic")).toBe(false);
  await expect(repository.hasBranch("-x")).rejects.toMatchObject({ code: "BRANCH_NAME_INVALID" });
});

test("asking about a remote that isn't there is answered with a fault", async () => {
  const home = await scratch();
  const repository = openRepository({ home, url: `${home}/none` });
  await expect(repository.defaultBranch()).rejects.toMatchObject({ code: "REPOSITORY_UNREACHABLE" });
  await expect(repository.hasBranch("main")).rejects.toMatchObject({ code: "REPOSITORY_UNREACHABLE" });
});

test("a branch's head is the one last fetched", async () => {
  const world = await makeWorld();
  const repository = openRepository(world);
  expect(await repository.branchHead(branch)).toBeNull();
  const head = await pushChange(world, branch, { "b.txt": "two\n" });
  await repository.fetch();
  expect(await repository.branchHead(branch)).toBe(head);
});

test("a branch is deleted as often as one likes, the default branch never", async () => {
  const world = await makeWorld();
  const repository = openRepository(world);
  const head = await pushChange(world, branch, { "b.txt": "two\n" });
  await Promise.all([repository.deleteBranch(branch, head), repository.deleteBranch(branch, head)]);
  await repository.deleteBranch(branch, head);
  expect(await repository.hasBranch(branch)).toBe(false);
  await expect(repository.deleteBranch("main", null)).rejects.toMatchObject({ code: "DEFAULT_BRANCH_KEPT" });
  expect(await repository.hasBranch("main")).toBe(true);
});

test("a branch with commits that are nowhere else stays", async () => {
  const world = await makeWorld();
  const repository = openRepository(world);
  const ours = await pushChange(world, branch, { "b.txt": "two\n" });
  const theirs = await pushChange(world, branch, { "c.txt": "three\n" });
  expect(theirs).not.toBe(ours);
  expect(await repository.deleteBranch(branch, ours)).toBe(false);
  expect(await repository.hasBranch(branch)).toBe(true);
  expect(await repository.deleteBranch(branch, theirs)).toBe(true);
});

const text = ({ bytes }: { bytes: Uint8Array }) => new TextDecoder().decode(bytes);

test("a diff shows what the branch adds, and not what its target has got since", async () => {
  const world = await makeWorld();
  const baseCommit = await git(world.clone, "rev-parse", "main");
  const headCommit = await pushChange(world, branch, { "é.txt": "two\n" });
  await commit(world.clone, { "c.txt": "three\n" });
  await git(world.clone, "push", "--quiet", "origin", "main");
  const request = { headCommit, baseCommit, targetBranch: "main", mergeCommit: null, limitBytes: 10_000 };
  const diff = await openRepository(world).diff(request);
  expect(text(diff)).toContain("+++ b/é.txt\n@@ -0,0 +1 @@\n+two\n");
  expect(text(diff)).not.toContain("c.txt");
  expect(diff.truncated).toBe(false);
});

test("a diff of commits pushed after the last fetch finds them, and a long one is cut after a whole line", async () => {
  const world = await makeWorld();
  const repository = openRepository(world);
  await repository.fetch();
  const baseCommit = await git(world.clone, "rev-parse", "main");
  const headCommit = await pushChange(world, branch, { "b.txt": "é\n".repeat(100_000) });
  const request = { headCommit, baseCommit, targetBranch: "main", mergeCommit: null, limitBytes: 1_001 };
  const diff = await repository.diff(request);
  expect(diff.truncated).toBe(true);
  expect(diff.bytes.length).toBeLessThanOrEqual(1_001);
  expect(text(diff)).toMatch(/\+é\n$/);
});

test("a diff of what is not there names it", async () => {
  const world = await makeWorld();
  const head = await git(world.clone, "rev-parse", "main");
  const request = { headCommit: head, baseCommit: head, targetBranch: "nope", mergeCommit: null, limitBytes: 100 };
  expect(text(await openRepository(world).diff(request))).toBe("");
  const unknown = openRepository(world).diff({ ...request, headCommit: "0".repeat(40) });
  await expect(unknown).rejects.toMatchObject({ code: "COMMIT_UNKNOWN" });
});
