import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test as anywhere, expect } from "vitest";
import { HostNotAllowed, LfsObjectMissing, PushIncomplete } from "../../../../src/domain/faults/git.ts";
import { commitAll, headCommit } from "../../../../src/providers/git/checkout/checkout.ts";
import { makeCheckout as checkOut } from "../../../../src/providers/git/checkout/make-checkout.ts";
import { openMirror } from "../../../../src/providers/git/mirror/mirror.ts";
import { openRepository } from "../../../../src/providers/git/repository.ts";
import { gitOverHttp } from "../../../support/git/git-over-http.ts";
import { hasProgram } from "../../../support/programs.ts";
import { author, changeId, git, makeCheckout, makeWorld, publish, type World, write } from "../support.ts";
import { commitLfs, lfsGit, lfsObject, lfsWorld, objectsIn } from "./support.ts";

const test = anywhere.skipIf(!hasProgram("git-lfs"));
const branch = "change/pictures";
const never = new AbortController().signal;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const commit = { message: "Work", author, branch };

test("a checkout has the content of LFS files, and they count as unchanged", async () => {
  const place = await makeCheckout(await lfsWorld(), branch);
  expect(await readFile(join(place.checkout, "old.bin"), "utf8")).toBe("old content\n");
  expect(await commitAll(place, commit)).toBe(false);
});

test.each([
  ["Fairlead commits", async () => {}],
  [
    "its agent committed",
    async (checkout: string) => {
      await lfsGit(checkout, "add", "--all");
      await lfsGit(checkout, "commit", "--quiet", "--message", "w");
    },
  ],
])("the objects of LFS files that %s are on the remote before the branch is", async (_who, agentCommits) => {
  const world = await lfsWorld();
  const place = await makeCheckout(world, branch);
  await write(place.checkout, { "new.bin": "new content\n", "in a folder/ü.bin": "more\n" });
  await agentCommits(place.checkout);
  await commitAll(place, commit);
  await publish(world, place, branch);
  expect(await objectsIn(world.url)).toEqual(["new content\n", "more\n", "old content\n"].map(sha256).sort());
  const clone = join(world.directory, "fresh");
  await lfsGit(world.directory, "clone", "--quiet", "--branch", branch, `file://${world.url}`, clone);
  expect(await readFile(join(clone, "in a folder/ü.bin"), "utf8")).toBe("more\n");
});

test("objects of commits in between are on the remote as well", async () => {
  const world = await lfsWorld();
  const place = await makeCheckout(world, branch);
  for (const text of ["one\n", "two\n", "three\n"]) {
    await write(place.checkout, { "old.bin": text });
    await commitAll(place, commit);
  }
  await publish(world, place, branch);
  expect(await objectsIn(world.url)).toEqual(["one\n", "two\n", "three\n", "old content\n"].map(sha256).sort());
});

test.each([
  ["lost", async (file: string) => await rm(file)],
  ["spoilt", async (file: string) => await writeFile(file, "xxxxxxxxxxx\n")],
])("a branch whose LFS object is %s is not pushed, and the reason names the file", async (_how, spoil) => {
  const world = await lfsWorld();
  const place = await makeCheckout(world, branch);
  await write(place.checkout, { "new.bin": "new content\n" });
  await commitAll(place, commit);
  await spoil(lfsObject(place, sha256("new content\n")));
  const pushing = publish(world, place, branch);
  await expect(pushing).rejects.toThrow(PushIncomplete);
  await expect(pushing).rejects.toThrow("new.bin");
  expect(await git(world.url, "for-each-ref", "refs/heads/change")).toBe("");
});

test("a pointer that was copied from elsewhere is pushed when the remote has its object", async () => {
  const world = await lfsWorld();
  await commitLfs(world, { "second.bin": "second\n" });
  const place = await makeCheckout(world, branch);
  await rm(lfsObject(place, sha256("second\n")));
  const pointer = await git(world.clone, "show", "main:second.bin");
  await git(place.checkout, "rm", "--quiet", "--cached", "old.bin");
  const object = await git(
    place.checkout,
    "-c",
    "core.autocrlf=false",
    "hash-object",
    "-w",
    "--no-filters",
    await pointerFile(world.directory, pointer),
  );
  await git(place.checkout, "update-index", "--add", "--cacheinfo", `100644,${object},copy.bin`);
  await git(place.checkout, "commit", "--quiet", "--message", "copy");
  expect(await publish(world, place, branch)).toBe(await headCommit(place));
});

async function pointerFile(folder: string, text: string): Promise<string> {
  const file = join(folder, "pointer");
  await writeFile(file, `${text}\n`);
  return file;
}

test("a file that only looks like a pointer is a file like others", async () => {
  const world = await lfsWorld();
  const place = await makeCheckout(world, branch);
  const text = `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 12\n`;
  await write(place.checkout, { "docs/example.txt": text });
  await commitAll(place, commit);
  await publish(world, place, branch);
  expect(await git(world.url, "show", `${branch}:docs/example.txt`)).toBe(text.trimEnd());
});

test("a checkout is refused, with the files, when the server lacks objects of its branch", async () => {
  const world = await lfsWorld();
  await rm(join(world.url, "lfs"), { recursive: true });
  const making = makeCheckout(world, branch);
  await expect(making).rejects.toThrow(LfsObjectMissing);
  await expect(making).rejects.toThrow(/old\.bin.*git lfs push/s);
});

test.each([
  ["[lfs]\n\turl = https://lfs.example.net/acme\n", "lfs.example.net"],
  ['[remote "origin"]\n\tlfsurl = ssh://git@else.example.net/acme\n', "else.example.net"],
  ["[lfs]\n\turl = git@scp.example.net:acme/lfs\n", "scp.example.net"],
])("an LFS server that only the repository names is refused before there is a checkout: %j", async (text, host) => {
  const world = await lfsWorld();
  await configureLfs(world, text);
  const making = makeCheckout(world, branch);
  await expect(making).rejects.toThrow(HostNotAllowed);
  await expect(making).rejects.toThrow(host);
  expect(existsSync(join(world.directory, "checkout"))).toBe(false);
});

test("no branch that was given another LFS server is pushed", async () => {
  const world = await lfsWorld();
  const place = await makeCheckout(world, branch);
  await write(place.checkout, { ".lfsconfig": "[lfs]\n\turl = https://lfs.example.net/acme\n", "new.bin": "new\n" });
  await commitAll(place, commit);
  await expect(publish(world, place, branch)).rejects.toThrow(HostNotAllowed);
  expect(await git(world.url, "for-each-ref", "refs/heads/change")).toBe("");
});

/** A repository's word on where its LFS objects are. */
async function configureLfs({ clone }: World, text: string): Promise<void> {
  await write(clone, { ".lfsconfig": text });
  await git(clone, "add", ".lfsconfig");
  await git(clone, "commit", "--quiet", "--message", "Elsewhere");
  await git(clone, "push", "--quiet", "--no-verify", "origin", "main");
}

test("over HTTP, LFS objects are read and written with the login of the workspace's address", async () => {
  const world = await lfsWorld();
  const { withToken: url } = await gitOverHttp(world.url, "t0ken");
  const place = await makeCheckout({ ...world, url }, branch);
  expect(await readFile(join(place.checkout, "old.bin"), "utf8")).toBe("old content\n");
  await write(place.checkout, { "new.bin": "new content\n" });
  await commitAll(place, commit);
  await publish({ ...world, url }, place, branch);
  expect(await objectsIn(world.url)).toEqual(["new content\n", "old content\n"].map(sha256).sort());
});

test("an LFS server on a host that the workspace allows gets none of the workspace's credentials", async () => {
  const [world, other] = [await lfsWorld(), await lfsWorld()];
  const own = await gitOverHttp(world.url, "t0ken");
  const lfs = await gitOverHttp(other.url, null);
  await configureLfs(world, `[lfs]\n\turl = ${lfs.url}/info/lfs\n`);
  const reach = { url: own.withToken, hosts: [lfs.host] };
  const mirror = await openMirror({ home: world.home, url: own.withToken });
  const directory = join(world.directory, "elsewhere");
  await checkOut(mirror, { directory, branch, targetBranch: "main", home: world.home, reach });
  expect(await readFile(join(directory, "old.bin"), "utf8")).toBe("old content\n");
  expect(lfs.logins).not.toEqual([]);
  expect(lfs.logins.filter((login) => login !== null)).toEqual([]);
});

test("a merge is refused when the LFS objects of its branch have gone from the remote since", async () => {
  const world = await lfsWorld();
  const place = await makeCheckout(world, branch);
  await write(place.checkout, { "new.bin": "new content\n" });
  await commitAll(place, commit);
  const headCommit = await publish(world, place, branch);
  await rm(join(world.url, "lfs/objects", sha256("new content\n").slice(0, 2)), { recursive: true });
  await rm(join(place.mirror.path, "lfs"), { recursive: true });
  const before = await git(world.url, "rev-parse", "main");
  const request = { branch, targetBranch: "main", headCommit, baseCommit: before, changeId, title: "t", author };
  const merging = openRepository(world).merge({ ...request, stillWanted: async () => true }, never);
  await expect(merging).rejects.toThrow(PushIncomplete);
  expect(await git(world.url, "rev-parse", "main")).toBe(before);
});

test.each(["fetchinclude = *.png", "fetchinclude = assets/**", "fetchexclude = *"])(
  "a merge is made whatever a repository leaves out of its fetches: %s",
  async (filter) => {
    const world = await lfsWorld({ ".lfsconfig": `[lfs]\n\t${filter}\n` });
    const place = await makeCheckout(world, branch);
    await write(place.checkout, { "new.bin": "new content\n" });
    await commitAll(place, commit);
    const headCommit = await publish(world, place, branch);
    const baseCommit = await git(world.url, "rev-parse", "main");
    const request = { branch, targetBranch: "main", headCommit, baseCommit, changeId, title: "t", author };
    const merged = await openRepository(world).merge({ ...request, stillWanted: async () => true }, never);
    expect(merged.state).toBe("merged");
  },
);

test("a repository without LFS files needs no LFS server", async () => {
  const world = await makeWorld();
  await configureLfs(world, "[lfs]\n\turl = https://lfs.example.net/acme\n");
  const place = await makeCheckout(world, branch);
  await write(place.checkout, { "b.txt": "two\n" });
  await commitAll(place, commit);
  expect(await publish(world, place, branch)).toBe(await headCommit(place));
});
