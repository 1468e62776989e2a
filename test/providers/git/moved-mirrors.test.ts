import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mendAlternates } from "../../../src/providers/git/checkout/alternates.ts";
import { makeCheckout } from "../../../src/providers/git/checkout/make-checkout.ts";
import { openMirror } from "../../../src/providers/git/mirror/mirror.ts";
import { git, makeWorld, where } from "./support.ts";

/** A checkout as an environment has it, in the data folder. */
async function checkoutIn(home: string, url: string) {
  const mirror = await openMirror({ home, url });
  const directory = join(home, "environments", "one", "checkout");
  await makeCheckout(mirror, { directory, branch: "change/a", targetBranch: "main", ...where({ home, url }) });
  return { directory, file: join(directory, ".git/objects/info/alternates"), mirror };
}

test("a checkout in the data folder borrows by a relative path, one elsewhere by an absolute one", async () => {
  const world = await makeWorld();
  const { file, mirror } = await checkoutIn(world.home, world.url);
  expect(await readFile(file, "utf8")).toMatch(/^\.\.\/\.\.\/\.\.\/\.\.\/\.\.\/mirrors\/[0-9a-f]{16}\.git\/objects\n$/);
  const elsewhere = join(world.directory, "elsewhere");
  const request = { branch: "change/a", targetBranch: "main", ...where(world) };
  await makeCheckout(mirror, { directory: elsewhere, ...request });
  expect(await readFile(join(elsewhere, ".git/objects/info/alternates"), "utf8")).toBe(`${mirror.path}/objects\n`);
  expect(await git(elsewhere, "log", "--format=%s")).toBe("first");
});

test("where environments lie on another disk by a link, the borrowed objects are found all the same", async () => {
  const world = await makeWorld();
  await mkdir(join(world.directory, "big"), { recursive: true });
  await mkdir(world.home, { recursive: true });
  await symlink(join(world.directory, "big"), join(world.home, "environments"));
  const { directory } = await checkoutIn(world.home, world.url);
  expect(await git(directory, "log", "--format=%s")).toBe("first");
});

test("only what names a mirror of the data folder's own is mended, and nothing outside of the checkout", async () => {
  const world = await makeWorld();
  const { directory, file, mirror } = await checkoutIn(world.home, world.url);
  const mend = () => mendAlternates(join(directory, ".git"), world.home, directory);
  const relative = await readFile(file, "utf8");
  expect(await mend()).toBe(false);
  for (const theirs of ["/nowhere/objects\n", "", `${relative}/other/objects\n`, "/x/0123456789abcdef.git/objects\n"]) {
    await writeFile(file, theirs);
    expect(await mend()).toBe(false);
    expect(await readFile(file, "utf8")).toBe(theirs);
  }
  await writeFile(file, `${mirror.path}/objects\n`);
  expect(await mend()).toBe(true);
  expect(await readFile(file, "utf8")).toBe(relative);

  const trap = join(world.directory, "trap");
  await mkdir(trap);
  await writeFile(join(trap, "alternates"), `${mirror.path}/objects\n`);
  const gitDirectory = join(world.directory, "odd");
  await mkdir(join(gitDirectory, "objects"), { recursive: true });
  await symlink(trap, join(gitDirectory, "objects/info"));
  expect(await mendAlternates(gitDirectory, world.home, gitDirectory)).toBe(false);
  expect(await readFile(join(trap, "alternates"), "utf8")).toBe(`${mirror.path}/objects\n`);
});
