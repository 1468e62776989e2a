import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Checkout } from "../../../src/providers/git/calls/checkout-git.ts";
import { commitAll, headCommit } from "../../../src/providers/git/checkout/checkout.ts";
import { openRepository } from "../../../src/providers/git/repository.ts";
import { hasProgram } from "../../support/programs.ts";
import { lfsWorld } from "./lfs/support.ts";
import { author, commit, git, makeCheckout, makeWorld, publish, type World, write } from "./support.ts";

const branch = "change/refused";

/** Until it is taken back, the remote takes no push. */
async function refuse(url: string): Promise<() => Promise<void>> {
  const hook = join(url, "hooks/pre-receive");
  await writeFile(hook, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  return () => rm(hook);
}

/** As a clean-up does it. */
async function keep(world: World, checkout: Checkout): Promise<string> {
  const repository = openRepository(world);
  const kept = await repository.keepUnpushed(checkout, branch);
  const base = await git(world.url, "rev-parse", "main");
  expect(await repository.saveLeftovers(checkout, { base, branch, key: "k", prefix: null })).toEqual({
    saved: [],
    objects: [],
  });
  return kept;
}

test("the next checkout begins from work that the remote refused, and a push removes the kept copy", async () => {
  const world = await makeWorld();
  const first = await makeCheckout(world, branch);
  await write(first.checkout, { "b.txt": "two\n" });
  await commitAll(first, { message: "Work", author, branch });
  const allow = await refuse(world.url);
  const kept = await keep(world, first);
  expect(kept).toBe(await headCommit(first));

  const second = await makeCheckout(world, branch, "second");
  expect(await headCommit(second)).toBe(kept);
  expect(await git(second.checkout, "symbolic-ref", "--short", "HEAD")).toBe(branch);
  await allow();
  await publish(world, second, branch);
  expect(await git(world.url, "rev-parse", branch)).toBe(kept);
  expect(await git(second.mirror.path, "for-each-ref", "refs/fairlead/unpushed")).toBe("");
});

test("of a branch that has other commits on the remote since, the remote's count", async () => {
  const world = await makeWorld();
  const first = await makeCheckout(world, branch);
  await write(first.checkout, { "b.txt": "two\n" });
  await commitAll(first, { message: "Work", author, branch });
  await keep(world, first);
  await git(world.clone, "checkout", "--quiet", "-b", branch);
  const theirs = await commit(world.clone, { "c.txt": "three\n" });
  await git(world.clone, "push", "--quiet", "origin", branch);
  expect(await headCommit(await makeCheckout(world, branch, "second"))).toBe(theirs);
});

test("a branch that is deleted leaves none of it", async () => {
  const world = await makeWorld();
  const first = await makeCheckout(world, branch);
  await write(first.checkout, { "b.txt": "two\n" });
  await commitAll(first, { message: "Work", author, branch });
  await keep(world, first);
  expect(await openRepository(world).deleteBranch(branch, null)).toBe(true);
  expect(await git(first.mirror.path, "for-each-ref", "refs/fairlead/unpushed")).toBe("");
});

test.skipIf(!hasProgram("git-lfs"))("its LFS files come with it", async () => {
  const world = await lfsWorld();
  const first = await makeCheckout(world, branch);
  await write(first.checkout, { "new.bin": "new\n" });
  await commitAll(first, { message: "Work", author, branch });
  await keep(world, first);
  await rm(first.checkout, { recursive: true });
  const second = await makeCheckout(world, branch, "second");
  expect(await readFile(join(second.checkout, "new.bin"), "utf8")).toBe("new\n");
});

test("and so do the commits of its submodules", async () => {
  const library = await makeWorld();
  const world = await makeWorld();
  await git(world.clone, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.url, "lib");
  await commit(world.clone, {}, "Submodule");
  await git(world.clone, "push", "--quiet", "origin", "main");
  const first = await makeCheckout(world, branch);
  await commit(join(first.checkout, "lib"), { "b.txt": "two\n" });
  await commitAll(first, { message: "Work", author, branch });
  const repository = openRepository(world);
  await refuse(library.url);
  await expect(publish(world, first, branch)).rejects.toThrow("submodule lib");
  await repository.keepUnpushed(first, branch);
  const base = await git(world.url, "rev-parse", "main");
  await repository.saveLeftovers(first, { base, branch, key: "k", prefix: "change/saved/refused-1" });
  await rm(first.checkout, { recursive: true });
  const second = await makeCheckout(world, branch, "second");
  expect(await readFile(join(second.checkout, "lib/b.txt"), "utf8")).toBe("two\n");
});
