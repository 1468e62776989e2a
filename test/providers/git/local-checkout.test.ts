import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NotACheckout, RemoteAmbiguous } from "../../../src/domain/faults/cli.ts";
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

test("a bare repository that was cloned from another stands for itself, also by a folder in it", async () => {
  const upstream = await checkout("upstream");
  const path = join(folder, "copy.git");
  await execa("git", ["clone", "--quiet", "--bare", upstream, path]);
  expect(await localCheckout(path)).toEqual({ folder: path, repositoryUrl: path });
  expect(await localCheckout(join(path, "refs"))).toEqual({ folder: path, repositoryUrl: path });
});

const configured = (path: string, ...settings: readonly string[]) =>
  settings.reduce(async (before, setting) => {
    await before;
    await execa("git", ["-C", path, "config", "--add", ...setting.split(" ")]);
  }, Promise.resolve());

test.each([
  ["a push address of its own", ["remote.origin.pushurl git@example.com:me/fork.git"], "git@example.com:me/fork.git"],
  [
    "a remote that pushes go to",
    ["remote.fork.url https://example.com/me/fork.git", "remote.pushDefault fork"],
    "https://example.com/me/fork.git",
  ],
  ["an address in the place of that remote", ["remote.pushDefault ../mine.git"], "../mine.git"],
  [
    "a push remote of one branch alone",
    ["branch.main.pushRemote fork", "remote.fork.url x:y"],
    "https://up.example.com/u.git",
  ],
  [
    "an address that the user's git rewrites",
    ["url.ssh://git@up.example.com/.insteadOf https://up.example.com/"],
    "ssh://git@up.example.com/u.git",
  ],
])("a checkout with %s belongs where its pushes go", async (_what, settings, expected) => {
  const path = await checkout("shop", "https://up.example.com/u.git");
  await configured(path, ...settings);
  const { repositoryUrl } = await localCheckout(path);
  expect(repositoryUrl).toBe(expected.startsWith("../") ? join(folder, expected.slice(3)) : expected);
});

test.each([
  ["several remotes, none of them origin", ["remote.a.url x:a", "remote.b.url x:b"]],
  ["several push addresses", ["remote.origin.url x:a", "remote.origin.pushurl x:b", "remote.origin.pushurl x:c"]],
])("a checkout with %s is asked about, and not guessed", async (_what, settings) => {
  const path = await checkout("shop");
  await configured(path, ...settings);
  await expect(localCheckout(path)).rejects.toThrow(RemoteAmbiguous);
});

test("the only remote counts, whatever it is called", async () => {
  const path = await checkout("shop");
  await configured(path, "remote.upstream.url https://example.com/u.git");
  expect((await localCheckout(path)).repositoryUrl).toBe("https://example.com/u.git");
});

test("what is no checkout is said to be none, with the reason", async () => {
  await writeFile(join(folder, "file"), "");
  await expect(localCheckout(join(folder, "file"))).rejects.toThrow(/is not a folder/);
  await expect(localCheckout(join(folder, "nothing"))).rejects.toThrow(/there is no such folder/);
  await expect(localCheckout(folder)).rejects.toThrow(NotACheckout);
});
