import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NotACheckout } from "../../../src/domain/faults/cli.ts";
import { localCheckout } from "../../../src/providers/git/local-checkout.ts";

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "fairlead-checkout-")));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function checkout(name: string, origin?: string): Promise<string> {
  const path = join(folder, name);
  await execa("git", ["init", "--quiet", path]);
  if (origin !== undefined) await execa("git", ["-C", path, "remote", "add", "origin", origin]);
  return path;
}

test.each([
  "https://example.com/acme/shop.git",
  "ssh://git@example.com/acme/shop.git",
  "git@example.com:acme/shop.git",
  "host:shop",
  "/srv/git/shop.git",
])("a checkout is one of its origin, %s", async (origin) => {
  const path = await checkout("shop", origin);
  expect(await localCheckout(path)).toEqual({ folder: path, repositoryUrl: origin });
});

test("a relative origin is read from the top of the checkout, wherever in it we are", async () => {
  const path = await checkout("shop", "../bare.git");
  await mkdir(join(path, "src/deep"), { recursive: true });
  const expected = { folder: path, repositoryUrl: join(folder, "bare.git") };
  expect(await localCheckout(join(path, "src/deep"))).toEqual(expected);
});

test("without an origin it is one of itself, by its real path", async () => {
  const path = await checkout("a shop\n with a strange name");
  await symlink(path, join(folder, "link"));
  expect(await localCheckout(join(folder, "link"))).toEqual({ folder: path, repositoryUrl: path });
});

test("a bare repository stands for itself", async () => {
  const path = join(folder, "bare.git");
  await execa("git", ["init", "--quiet", "--bare", path]);
  expect(await localCheckout(path)).toEqual({ folder: path, repositoryUrl: path });
});

test("what is no checkout is said to be none, with the reason", async () => {
  await writeFile(join(folder, "file"), "");
  await expect(localCheckout(join(folder, "file"))).rejects.toThrow(/is not a folder/);
  await expect(localCheckout(join(folder, "nothing"))).rejects.toThrow(/there is no such folder/);
  await expect(localCheckout(folder)).rejects.toThrow(NotACheckout);
});
