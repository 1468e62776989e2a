import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HostNotAllowed, PushIncomplete, SubmoduleMissing } from "../../../../src/domain/faults/git.ts";
import { commitAll, headCommit } from "../../../../src/providers/git/checkout/checkout.ts";
import { makeCheckout as checkOut } from "../../../../src/providers/git/checkout/make-checkout.ts";
import { openMirror } from "../../../../src/providers/git/mirror/mirror.ts";
import type { MergeRequest } from "../../../../src/providers/git/port.ts";
import { openRepository } from "../../../../src/providers/git/repository.ts";
import { resolveUrl } from "../../../../src/providers/git/submodules/gitmodules.ts";
import { gitOverHttp } from "../../../support/git/git-over-http.ts";
import { author, changeId, commit, git, makeCheckout, makeWorld, publish, type World, write } from "../support.ts";

const branch = "change/library";
const never = new AbortController().signal;

/** A world whose remote has another one as a submodule at `lib`, by this address. */
async function worldWith(library: World, url = library.url, path = "lib"): Promise<World> {
  const world = await makeWorld();
  await addSubmodule(world, library, url, path);
  return world;
}

async function addSubmodule({ clone }: World, library: World, url: string, path: string): Promise<void> {
  await git(clone, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.url, path);
  await git(clone, "config", "--file", ".gitmodules", `submodule.${path}.url`, url);
  await commit(clone, {}, "Submodule");
  await git(clone, "push", "--quiet", "origin", "main");
}

async function merge(world: World, headCommit: string): Promise<unknown> {
  const baseCommit = await git(world.url, "merge-base", "main", headCommit);
  const request: MergeRequest = {
    branch,
    targetBranch: "main",
    headCommit,
    baseCommit,
    changeId,
    title: "t",
    author,
    stillWanted: async () => true,
  };
  return await openRepository(world).merge(request, never);
}

test("a checkout has its submodules' files, and theirs, and all of them count as unchanged", async () => {
  const inner = await makeWorld({ "inner.txt": "inner\n" });
  const outer = await worldWith(inner, `../../${inner.url.split("/").slice(-2).join("/")}`, "deep/inner");
  const world = await worldWith(outer);
  const place = await makeCheckout(world, branch);
  expect(await readFile(join(place.checkout, "lib/deep/inner/inner.txt"), "utf8")).toBe("inner\n");
  expect(await git(place.checkout, "submodule", "status", "--recursive")).not.toMatch(/^[-+U]/m);
  expect(await commitAll(place, { message: "w", author, branch })).toBe(false);
});

test.each([
  ["../lib.git", "https://example.com/acme/shop.git", "https://example.com/acme/lib.git"],
  ["../../other/lib.git", "https://example.com/acme/shop.git", "https://example.com/other/lib.git"],
  ["./lib.git", "https://example.com/acme/shop.git/", "https://example.com/acme/shop.git/lib.git"],
  ["../lib.git", "git@example.com:acme/shop.git", "git@example.com:acme/lib.git"],
  ["../lib.git", "git@example.com:shop.git", "git@example.com:lib.git"],
  ["../lib.git", "/srv/git/shop.git", "/srv/git/lib.git"],
  ["../lib.git", "/srv/a:b/shop.git", "/srv/a:b/lib.git"],
  ["https://example.net/lib.git", "/srv/git/shop.git", "https://example.net/lib.git"],
])("the address %s, in %s, is %s", (url, base, expected) => {
  expect(resolveUrl(url, base)).toBe(expected);
});

test.each([
  ["https://elsewhere.example.net/lib.git", "elsewhere.example.net"],
  ["git@elsewhere.example.net:lib.git", "elsewhere.example.net"],
  ["ext::sh -c 'touch was-here'", null],
  ["file:///etc", null],
  ["-oProxyCommand=touch", null],
])("a submodule at %s is refused for a workspace of another host", async (address, host) => {
  const library = await makeWorld();
  const world = await worldWith(library, address);
  const { url } = await gitOverHttp(world.url, null);
  const mirror = await openMirror({ home: world.home, url });
  const directory = join(world.directory, "refused");
  const making = checkOut(mirror, {
    directory,
    branch,
    targetBranch: "main",
    home: world.home,
    reach: { url, hosts: [] },
  });
  await expect(making).rejects.toThrow();
  if (host !== null) {
    await expect(making).rejects.toThrow(HostNotAllowed);
    await expect(making).rejects.toThrow(host);
  }
  await expect(readFile(join(directory, "a.txt"))).rejects.toThrow();
  const made = await readdir(world.directory, { recursive: true });
  expect(made.filter((path) => path.endsWith("was-here"))).toEqual([]);
});

test("a submodule on a host that the workspace allows gets none of the workspace's credentials", async () => {
  const library = await makeWorld();
  const lib = await gitOverHttp(library.url, null);
  const world = await worldWith(library, lib.url);
  const own = await gitOverHttp(world.url, "t0ken");
  const mirror = await openMirror({ home: world.home, url: own.withToken });
  const directory = join(world.directory, "allowed");
  const reach = { url: own.withToken, hosts: [lib.host] };
  await checkOut(mirror, { directory, branch, targetBranch: "main", home: world.home, reach });
  expect(await readFile(join(directory, "lib/a.txt"), "utf8")).toBe("one\n");
  expect(lib.logins.length).toBeGreaterThan(0);
  expect(lib.logins.filter((login) => login !== null)).toEqual([]);
});

test("a submodule that points to a commit which its remote lacks is refused before the agent starts", async () => {
  const library = await makeWorld();
  const world = await worldWith(library);
  const lost = await commit(join(world.clone, "lib"), { "b.txt": "never pushed\n" });
  await commit(world.clone, {}, "Points to nothing");
  await git(world.clone, "push", "--quiet", "origin", "main");
  const making = makeCheckout(world, branch);
  await expect(making).rejects.toThrow(SubmoduleMissing);
  await expect(making).rejects.toThrow(lost.slice(0, 12));
});

test("commits that an agent made in a submodule are on a branch of its remote before the branch that names them", async () => {
  const library = await makeWorld();
  const world = await worldWith(library);
  const place = await makeCheckout(world, branch);
  const made = await commit(join(place.checkout, "lib"), { "b.txt": "two\n" });
  await write(place.checkout, { "lib/c.txt": "not committed\n" });
  await commitAll(place, { message: "Work", author, branch });
  const head = await publish(world, place, branch);
  const pushed = await git(library.url, "rev-parse", branch);
  expect(await git(library.url, "rev-parse", `${pushed}~1`)).toBe(made);
  expect(await git(library.url, "show", `${pushed}:c.txt`)).toBe("not committed");
  expect(await git(world.url, "ls-tree", head, "lib")).toContain(pushed);
  expect(await merge(world, head)).toMatchObject({ state: "merged" });
});

test("a branch is not pushed while the remote of its submodule refuses the commits that it names", async () => {
  const library = await makeWorld();
  const world = await worldWith(library);
  const place = await makeCheckout(world, branch);
  await writeFile(join(library.url, "hooks/pre-receive"), "#!/bin/sh\necho read only; exit 1\n", { mode: 0o755 });
  await commit(join(place.checkout, "lib"), { "b.txt": "two\n" });
  await commitAll(place, { message: "Work", author, branch });
  const pushing = publish(world, place, branch);
  await expect(pushing).rejects.toThrow(PushIncomplete);
  await expect(pushing).rejects.toThrow(/submodule lib.*read only/s);
  expect(await git(world.url, "for-each-ref", "refs/heads/change")).toBe("");
});

test("a merge is refused when the commit of a submodule has gone from its remote since", async () => {
  const library = await makeWorld();
  const world = await worldWith(library);
  const place = await makeCheckout(world, branch);
  await commit(join(place.checkout, "lib"), { "b.txt": "two\n" });
  await commitAll(place, { message: "Work", author, branch });
  const head = await publish(world, place, branch);
  await git(library.url, "branch", "--quiet", "-D", branch);
  const before = await git(world.url, "rev-parse", "main");
  await expect(merge(world, head)).rejects.toThrow(PushIncomplete);
  expect(await git(world.url, "rev-parse", "main")).toBe(before);
});

test("of two commits of one submodule, one after the other, a merge takes the later, as git does", async () => {
  const library = await makeWorld();
  const world = await worldWith(library);
  const place = await makeCheckout(world, branch);
  const inLibrary = await commit(library.clone, { "b.txt": "two\n" });
  const later = await commit(library.clone, { "c.txt": "three\n" });
  await git(library.clone, "push", "--quiet", "origin", "main");
  await git(join(place.checkout, "lib"), "fetch", "--quiet", library.url, "main");
  await git(join(place.checkout, "lib"), "checkout", "--quiet", later);
  await commitAll(place, { message: "Work", author, branch });
  const head = await publish(world, place, branch);
  await git(join(world.clone, "lib"), "fetch", "--quiet", library.url, "main");
  await git(join(world.clone, "lib"), "checkout", "--quiet", inLibrary);
  await commit(world.clone, {}, "Theirs");
  await git(world.clone, "push", "--quiet", "origin", "main");
  expect(await merge(world, head)).toMatchObject({ state: "merged" });
  expect(await git(world.url, "ls-tree", "main", "lib")).toContain(later);
});

test("of two commits of one submodule that went apart, a person has to decide", async () => {
  const library = await makeWorld();
  const world = await worldWith(library);
  const place = await makeCheckout(world, branch);
  await commit(join(place.checkout, "lib"), { "b.txt": "ours\n" });
  await commitAll(place, { message: "Work", author, branch });
  const head = await publish(world, place, branch);
  await commit(join(world.clone, "lib"), { "b.txt": "theirs\n" });
  await git(join(world.clone, "lib"), "push", "--quiet", "origin", "HEAD:refs/heads/theirs");
  await commit(world.clone, {}, "Theirs");
  await git(world.clone, "push", "--quiet", "origin", "main");
  expect(await merge(world, head)).toEqual({ state: "conflict", files: ["lib"] });
});

test("a submodule that the agent adds is pushed with the branch, and one of a foreign host is refused", async () => {
  const library = await makeWorld();
  const world = await makeWorld();
  const place = await makeCheckout(world, branch);
  await git(place.checkout, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.url, "new");
  await commitAll(place, { message: "Work", author, branch });
  expect(await publish(world, place, branch)).toBe(await headCommit(place));
  await git(place.checkout, "config", "--file", ".gitmodules", "submodule.new.url", "https://example.net/x.git");
  await commit(join(place.checkout, "new"), { "b.txt": "two\n" });
  await commitAll(place, { message: "Work", author, branch });
  await expect(publish(world, place, branch)).rejects.toThrow("example.net");
});
