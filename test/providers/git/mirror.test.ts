import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { makeCheckout } from "../../../src/providers/git/checkout/make-checkout.ts";
import { fetchMirror } from "../../../src/providers/git/mirror/fetch.ts";
import { mirrorOf, openMirror } from "../../../src/providers/git/mirror/mirror.ts";
import { commit, git, makeWorld, pushChange, scratch, where, write } from "./support.ts";

const branch = "change/spinner-3k1m0p00";

test("a mirror is made once, however many ask for it at the same time", async () => {
  const world = await makeWorld();
  const mirrors = await Promise.all(Array.from({ length: 8 }, () => openMirror(world)));
  expect(new Set(mirrors.map(({ path }) => path)).size).toBe(1);
  expect(await readdir(join(world.home, "mirrors"))).toHaveLength(1);
});

test("a mirror that is there needs no remote", async () => {
  const world = await makeWorld();
  const mirror = await openMirror(world);
  await git(world.directory, "-C", world.clone, "remote", "remove", "origin");
  expect(await openMirror(world)).toEqual(mirror);
});

test("a process killed while it makes a mirror leaves none, and its remains go with the next", async () => {
  const world = await makeWorld();
  const script = `
    import { openMirror } from "${join(import.meta.dirname, "../../../src/providers/git/mirror/mirror.ts")}";
    await openMirror({ home: process.argv[1], url: process.argv[2] });`;
  const slow = { ...process.env, GIT_TRACE_PACKET: "/dev/null" };
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, world.home, world.url], { env: slow });
  await killWhen(child, async () => (await partials(world.home)).length > 0);
  const left = await partials(world.home);
  const mirror = await openMirror(world);
  expect(await readdir(join(world.home, "mirrors"))).toEqual([mirror.path.split("/").at(-1)]);
  expect(left.length).toBeLessThanOrEqual(1);
  await fetchMirror(mirror);
});

async function partials(home: string): Promise<string[]> {
  const names = await readdir(join(home, "mirrors")).catch(() => []);
  return names.filter((name) => name.includes(".partial-"));
}

async function killWhen(child: ChildProcess, condition: () => Promise<boolean>): Promise<void> {
  const gone = once(child, "exit");
  await vi.waitUntil(async () => child.exitCode !== null || (await condition()), { timeout: 10_000, interval: 1 });
  child.kill("SIGKILL");
  await gone;
}

test("a repository with no branch is told apart from one that is not there", async () => {
  const directory = await scratch();
  const [empty, home] = [join(directory, "empty.git"), join(directory, "home")];
  await git(directory, "init", "--quiet", "--bare", empty);
  await expect(openMirror({ home, url: empty })).rejects.toMatchObject({ code: "REPOSITORY_EMPTY" });
  await expect(openMirror({ home, url: join(directory, "nope") })).rejects.toMatchObject({
    code: "REPOSITORY_UNREACHABLE",
    message: expect.stringContaining("does not appear to be a git repository"),
  });
  expect(existsSync(join(home, "mirrors"))).toBe(false);
});

test("the message about a remote that can't be reached has no credentials in it", async () => {
  const home = await scratch();
  const failure = openMirror({ home, url: "https://ada:s3cr3t@127.0.0.1:1/app.git" });
  await expect(failure).rejects.toMatchObject({
    code: "REPOSITORY_UNREACHABLE",
    message: expect.not.stringContaining("s3cr3t"),
    details: { url: "https://127.0.0.1:1/app.git" },
  });
});

test("a repository has one mirror, whatever login its address has", () => {
  const paths = ["", "ada@", "ada:s3cr3t@", "ada:n3w@"].map(
    (login) => mirrorOf({ home: "/home", url: `https://${login}example.com/app.git` }).path,
  );
  expect(new Set(paths).size).toBe(1);
});

test("a checkout begins at the target branch when the remote has no branch of its name", async () => {
  const world = await makeWorld();
  const directory = join(world.directory, "env", "checkout");
  const mirror = await openMirror(world);
  const latest = await commit(world.clone, { "b.txt": "two\n" });
  await git(world.clone, "push", "--quiet", "origin", "main");
  await makeCheckout(mirror, { directory, branch, targetBranch: "main", ...where(world) });
  expect(await git(directory, "rev-parse", "HEAD")).toBe(latest);
  expect(await git(directory, "branch", "--show-current")).toBe(branch);
  expect(await git(directory, "status", "--porcelain")).toBe("");
  expect(await git(mirror.path, "for-each-ref", "refs/heads/")).toBe("");
});

test("a checkout goes on from the remote's branch of its name", async () => {
  const world = await makeWorld();
  const head = await pushChange(world, branch, { "c.txt": "three\n" });
  const directory = join(world.directory, "checkout");
  await makeCheckout(await openMirror(world), { directory, branch, targetBranch: "main", ...where(world) });
  expect(await git(directory, "rev-parse", "HEAD")).toBe(head);
});

test("a checkout that is there is left as it is, and half of one is made anew", async () => {
  const world = await makeWorld();
  const mirror = await openMirror(world);
  const request = { directory: join(world.directory, "checkout"), branch, targetBranch: "main", ...where(world) };
  await write(request.directory, { "half.txt": "left by a crash\n", ".git/HEAD": "ref: refs/heads/none\n" });
  await makeCheckout(mirror, request);
  expect((await readdir(request.directory)).toSorted()).toEqual([".git", "a.txt"]);
  await write(request.directory, { "work.txt": "of an agent\n" });
  await makeCheckout(mirror, request);
  expect(await readFile(join(request.directory, "work.txt"), "utf8")).toBe("of an agent\n");
});

test("several checkouts of one branch stand side by side and share no stash, branch or setting", async () => {
  const world = await makeWorld();
  const mirror = await openMirror(world);
  const [one, two] = [join(world.directory, "one"), join(world.directory, "two")];
  const request = { branch, targetBranch: "main", ...where(world) };
  await Promise.all([one, two].map((directory) => makeCheckout(mirror, { directory, ...request })));
  await write(one, { "a.txt": "changed\n" });
  await git(one, "stash");
  await git(one, "branch", "mine");
  await git(one, "config", "core.hooksPath", "/tmp/hooks");
  expect(await git(two, "stash", "list")).toBe("");
  expect(await git(two, "branch", "--list", "mine")).toBe("");
  expect(await readFile(join(two, ".git/config"), "utf8")).not.toContain("hooksPath");
});

test("ten checkouts at once all come out whole", async () => {
  const world = await makeWorld();
  await Promise.all(
    Array.from({ length: 10 }, async (_, index) => {
      const directory = join(world.directory, `env-${index}`);
      const mirror = await openMirror(world);
      await makeCheckout(mirror, { directory, branch: `change/x-${index}`, targetBranch: "main", ...where(world) });
      expect(await git(directory, "status", "--porcelain")).toBe("");
    }),
  );
});

test("processes that fetch the same mirror at once don't fail on each other's locks", async () => {
  const world = await makeWorld();
  const mirror = await openMirror(world);
  await git(world.clone, "push", "--quiet", "origin", ...Array.from({ length: 60 }, (_, n) => `main:refs/heads/b${n}`));
  const script = `
    import { fetchMirror } from "${join(import.meta.dirname, "../../../src/providers/git/mirror/fetch.ts")}";
    await fetchMirror({ path: process.argv[1], url: process.argv[2], address: process.argv[2] });`;
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", script, mirror.path, world.url], { stdio: "inherit" }),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0]));
  expect(codes).toEqual([0, 0, 0, 0]);
});

test("a branch that was replaced by a folder of branches is fetched", async () => {
  const world = await makeWorld();
  const mirror = await openMirror(world);
  await git(world.clone, "push", "--quiet", "origin", "main:refs/heads/topic");
  await fetchMirror(mirror);
  await git(world.clone, "push", "--quiet", "origin", ":topic");
  await git(world.clone, "push", "--quiet", "origin", "main:refs/heads/topic/one");
  await fetchMirror(mirror);
});

test("an unknown target branch is named with some that are there, and nothing is left", async () => {
  const world = await makeWorld();
  const directory = join(world.directory, "checkout");
  const mirror = await openMirror(world);
  const request = { directory, branch, targetBranch: "mian", ...where(world) };
  await expect(makeCheckout(mirror, request)).rejects.toMatchObject({
    code: "BRANCH_UNKNOWN",
    message: expect.stringMatching(/"mian".*main/),
  });
  expect(existsSync(directory)).toBe(false);
});

test.each(["-x", "--upload-pack=x", "a b", "a..b", "$(x)\n"])("%j is no target branch", async (targetBranch) => {
  const world = await makeWorld();
  const request = { directory: join(world.directory, "checkout"), branch, targetBranch, ...where(world) };
  const failure = makeCheckout(await openMirror(world), request);
  await expect(failure).rejects.toMatchObject({ code: "BRANCH_NAME_INVALID" });
});

test("an abort leaves neither a mirror nor a checkout", async () => {
  const world = await makeWorld();
  const aborted = AbortSignal.abort(new Error("cancelled"));
  await expect(openMirror(world, aborted)).rejects.toThrow("cancelled");
  const directory = join(world.directory, "checkout");
  const mirror = await openMirror(world);
  await expect(
    makeCheckout(mirror, { directory, branch, targetBranch: "main", ...where(world) }, aborted),
  ).rejects.toThrow("cancelled");
  expect(existsSync(directory)).toBe(false);
});

test("a repository of SHA-256 commits works as well", async () => {
  const directory = await scratch();
  const [url, clone] = [join(directory, "remote.git"), join(directory, "clone")];
  await git(directory, "init", "--quiet", "--bare", "--object-format=sha256", "--initial-branch=main", url);
  await git(directory, "init", "--quiet", "--object-format=sha256", "--initial-branch=main", clone);
  const head = await commit(clone, { "a.txt": "one\n" });
  await git(clone, "push", "--quiet", url, "main");
  const target = join(directory, "checkout");
  const home = join(directory, "home");
  const mirror = await openMirror({ home, url });
  await makeCheckout(mirror, { directory: target, branch, targetBranch: "main", ...where({ home, url }) });
  expect(await git(target, "rev-parse", "HEAD")).toBe(head);
});
