import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CheckoutBroken } from "../../../../src/domain/faults/git.ts";
import { commitAll, headCommit } from "../../../../src/providers/git/checkout/checkout.ts";
import { openRepository } from "../../../../src/providers/git/repository.ts";
import { author, commit, git, makeCheckout, makeWorld, publish, write } from "../support.ts";
import { atWork, branch, prefix } from "./support.ts";

interface Case {
  readonly what: string;
  /** What an agent does in its checkout, beside the work on its branch. */
  readonly leave: (checkout: string) => Promise<unknown>;
  /** The names under which it is saved, and a file of each with its text. */
  readonly saved: Readonly<Record<string, readonly [file: string, text: string]>>;
}

const cases: readonly Case[] = [
  {
    what: "stashes, what was not tracked in them too",
    async leave(checkout) {
      for (const text of ["first", "second"]) {
        await write(checkout, { "stashed.txt": `${text}\n`, "a.txt": `${text}\n` });
        await git(checkout, "stash", "--include-untracked");
      }
    },
    saved: { "stash-1": ["a.txt", "second"], "stash-2": ["a.txt", "first"] },
  },
  {
    what: "commits on branches that were left",
    async leave(checkout) {
      for (const name of ["feature/one", "two"]) {
        await git(checkout, "checkout", "--quiet", "-b", name, branch);
        await commit(checkout, { "tried.txt": `${name}\n` });
      }
      await git(checkout, "checkout", "--quiet", branch);
    },
    saved: { "feature-one": ["tried.txt", "feature/one"], two: ["tried.txt", "two"] },
  },
  {
    what: "commits on a detached HEAD that was left",
    async leave(checkout) {
      await git(checkout, "checkout", "--quiet", "--detach");
      await commit(checkout, { "tried.txt": "detached\n" });
      await git(checkout, "checkout", "--quiet", branch);
    },
    saved: { "commit-*": ["tried.txt", "detached"] },
  },
  {
    what: "a branch that was deleted, and commits that were reset away",
    async leave(checkout) {
      await git(checkout, "checkout", "--quiet", "-b", "gone");
      await commit(checkout, { "tried.txt": "gone\n" });
      await git(checkout, "checkout", "--quiet", branch);
      await git(checkout, "branch", "--quiet", "-D", "gone");
    },
    saved: { "commit-*": ["tried.txt", "gone"] },
  },
  {
    what: "a tag on a commit of no branch",
    async leave(checkout) {
      await git(checkout, "checkout", "--quiet", "--detach");
      await commit(checkout, { "tried.txt": "tagged\n" });
      await git(checkout, "tag", "my-tag");
      await git(checkout, "checkout", "--quiet", branch);
    },
    saved: { "tags-my-tag": ["tried.txt", "tagged"] },
  },
  {
    what: "commits in a worktree beside the checkout",
    async leave(checkout) {
      await git(checkout, "worktree", "add", "--quiet", "--detach", `${checkout}-worktree`);
      await commit(`${checkout}-worktree`, { "tried.txt": "worktree\n" });
    },
    saved: { "detached-*": ["tried.txt", "worktree"] },
  },
  {
    what: "files in worktrees that were not committed, in the checkout and beside it",
    async leave(checkout) {
      await git(checkout, "worktree", "add", "--quiet", "-b", "inside", ".claude/worktrees/one");
      await write(`${checkout}/.claude/worktrees/one`, { "tried.txt": "inside\n", "a.txt": "edited\n" });
      await git(checkout, "worktree", "add", "--quiet", "-b", "beside", `${checkout}-worktree`);
      await write(`${checkout}-worktree`, { "tried.txt": "beside\n" });
      await git(`${checkout}-worktree`, "add", ".");
    },
    saved: { beside: ["tried.txt", "beside"], inside: ["tried.txt", "inside"] },
  },
  {
    what: "an orphan branch",
    async leave(checkout) {
      await git(checkout, "checkout", "--quiet", "--orphan", "pages");
      await commit(checkout, { "index.html": "pages\n" });
      await git(checkout, "checkout", "--quiet", "--force", branch);
    },
    saved: { pages: ["index.html", "pages"] },
  },
  {
    what: "notes and refs of its own",
    async leave(checkout) {
      await commit(checkout, { "tried.txt": "backup\n" });
      await git(checkout, "update-ref", "refs/backup/mine", "HEAD");
      await git(checkout, "reset", "--quiet", "--hard", "HEAD~1");
    },
    saved: { "backup-mine": ["tried.txt", "backup"] },
  },
];

test.each(cases)("what an agent leaves beside its branch is saved: $what", async ({ leave, saved: expected }) => {
  const { world, place, base } = await atWork();
  await leave(place.checkout);
  await publish(world, place, branch);
  const repository = openRepository(world);
  const { saved } = await repository.saveLeftovers(place, { base, branch, key: "k", prefix });
  const patterns = Object.keys(expected).map((name) => new RegExp(`^${name.replace("*", "[0-9a-f]{8}")}$`));
  expect(saved.map(({ name }) => name).sort()).toEqual(patterns.map((pattern) => expect.stringMatching(pattern)));
  for (const [index, [file, text]] of Object.values(expected).entries()) {
    const tip = saved.find(({ name }) => patterns[index]?.test(name));
    expect(tip?.branch).toBe(`${prefix}/${tip?.name}`);
    expect(await git(world.url, "show", `${tip?.branch}:${file}`)).toBe(text);
  }
  const again = await repository.saveLeftovers(place, { base, branch, key: "k", prefix });
  expect(again.saved).toEqual(saved);
});

test("what is on the remote already is not saved again: tags without a branch, other branches, amended commits", async () => {
  const { world, place, base } = await atWork();
  await git(place.checkout, "commit", "--quiet", "--amend", "--message", "Better said");
  await git(place.checkout, "branch", "same", base);
  await publish(world, place, branch);
  const { saved } = await openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  expect(saved).toEqual([]);
});

test("leftovers whose names come to the same are all saved", async () => {
  const { world, place, base } = await atWork();
  const names = ["feature/one", "feature-one", "Feature-One", `${"x".repeat(70)}-1`, `${"x".repeat(70)}-2`];
  for (const name of names) {
    await git(place.checkout, "checkout", "--quiet", "-b", name, branch);
    await commit(place.checkout, { "tried.txt": `${name}\n` });
  }
  await git(place.checkout, "checkout", "--quiet", branch);
  await publish(world, place, branch);
  const { saved } = await openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  const kept = await Promise.all(saved.map((tip) => git(world.url, "show", `${tip.branch}:tried.txt`)));
  expect(kept.sort()).toEqual(names.sort());
});

test("a tag of the remote's on a commit that is on no branch is no work of an agent's", async () => {
  const world = await makeWorld();
  await git(world.clone, "checkout", "--quiet", "--detach");
  await commit(world.clone, { "released.txt": "1\n" });
  await git(world.clone, "tag", "v1");
  await git(world.clone, "push", "--quiet", "origin", "v1");
  await git(world.clone, "checkout", "--quiet", "main");
  await git(world.clone, "branch", "--quiet", "--force", "release", "v1");
  await git(world.clone, "push", "--quiet", "origin", "release");
  const place = await makeCheckout(world, branch);
  await git(world.clone, "push", "--quiet", "--delete", "origin", "release");
  const base = await headCommit(place);
  const { saved } = await openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  expect(saved).toEqual([]);
});

test("files that were staged and never committed are kept in the mirror, and named", async () => {
  const { world, place, base } = await atWork();
  await write(place.checkout, { "precious.txt": "precious\n" });
  await git(place.checkout, "add", "precious.txt");
  await git(place.checkout, "rm", "--quiet", "--cached", "precious.txt");
  await rm(join(place.checkout, "precious.txt"));
  const { objects } = await openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  expect(objects).toHaveLength(1);
  expect(await git(place.mirror.path, "cat-file", "blob", objects[0] ?? "")).toBe("precious");
});

test("a checkout with more of them than the mirror should keep is put aside whole", async () => {
  const { world, place, base } = await atWork();
  await mkdir(join(place.checkout, "big"));
  for (const name of ["a", "b"]) {
    await writeFile(join(place.checkout, "big", name), Buffer.alloc(40 * 1024 * 1024, name));
  }
  await git(place.checkout, "-c", "core.bigFileThreshold=1g", "add", "big");
  await git(place.checkout, "rm", "--quiet", "-r", "--cached", "big");
  await rm(join(place.checkout, "big"), { recursive: true });
  const saving = openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  await expect(saving).rejects.toThrow(CheckoutBroken);
  await expect(saving).rejects.toThrow("80 MiB");
});

test("what was left in a submodule is saved to the remote of that submodule", async () => {
  const library = await makeWorld();
  const world = await makeWorld();
  await git(world.clone, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.url, "lib");
  await commit(world.clone, {}, "Submodule");
  await git(world.clone, "push", "--quiet", "origin", "main");
  const place = await makeCheckout(world, branch);
  const base = await headCommit(place);
  const lib = join(place.checkout, "lib");
  await write(lib, { "a.txt": "stashed in the library\n" });
  await git(lib, "stash");
  const { saved } = await openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  expect(saved).toMatchObject([{ name: "stash-1", submodule: "the submodule lib", branch: `${prefix}/stash-1` }]);
  expect(await git(library.url, "show", `${prefix}/stash-1:a.txt`)).toBe("stashed in the library");
});

test("what was left in a submodule that was removed since, and in a nested repository, is kept in the mirror", async () => {
  const library = await makeWorld();
  const world = await makeWorld();
  await git(world.clone, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.url, "deep/lib");
  await commit(world.clone, {}, "Submodule");
  await git(world.clone, "push", "--quiet", "origin", "main");
  const place = await makeCheckout(world, branch);
  const base = await headCommit(place);
  await commit(join(place.checkout, "deep/lib"), { "tried.txt": "in the submodule\n" });
  await git(place.checkout, "rm", "--quiet", "--force", "deep/lib");
  const nested = join(place.checkout, "nested");
  await git(place.checkout, "init", "--quiet", "--initial-branch=main", nested);
  await commit(nested, { "b.txt": "two\n" });
  await git(nested, "checkout", "--quiet", "-b", "feature");
  await commit(nested, { "tried.txt": "in the nested one\n" });
  await git(nested, "checkout", "--quiet", "main");
  await commitAll(place, { message: "The work", author, branch });
  await publish(world, place, branch);
  for (const _ of ["first", "second"]) {
    const { saved } = await openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
    const texts = saved.map(({ mirrorPath, key, name }) =>
      git(mirrorPath, "show", `refs/fairlead/saved/${key}/${name}:tried.txt`).catch(() => "no such file"),
    );
    expect((await Promise.all(texts)).sort()).toEqual(["in the nested one", "in the submodule"]);
    expect(saved.map(({ branch: pushed }) => pushed)).toEqual([null, null]);
  }
});

test("an empty repository that an agent made is nothing to save", async () => {
  const { world, place, base } = await atWork();
  await git(place.checkout, "init", "--quiet", join(place.checkout, "empty"));
  await write(place.checkout, { "empty/b.txt": "two\n" });
  await commitAll(place, { message: "More", author, branch });
  await publish(world, place, branch);
  const { saved } = await openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  expect(saved).toEqual([]);
});

test("a worktree that leads to another person's folder is left alone", async () => {
  const { world, place, base } = await atWork();
  await git(place.checkout, "worktree", "add", "--quiet", "-b", "trap", join(place.checkout, "../trap"));
  await writeFile(join(place.checkout, ".git/worktrees/trap/gitdir"), `${world.clone}/.git\n`);
  await write(world.clone, { "private.txt": "mine\n" });
  await publish(world, place, branch);
  await openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  expect(await git(world.clone, "status", "--porcelain")).toBe("?? private.txt");
  expect(await git(world.url, "for-each-ref", "--format=%(refname:short)")).not.toContain("trap");
});

test("commits that were pushed while the agent worked, and that it has reset away since, are saved", async () => {
  const { world, place, base } = await atWork();
  await publish(world, place, branch);
  await git(place.checkout, "reset", "--quiet", "--hard", base);
  await commit(place.checkout, { "other.txt": "other\n" });
  await publish(world, place, branch);
  const { saved } = await openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
  expect(saved).toMatchObject([{ subject: "The work", name: expect.stringMatching(/^commit-/) }]);
});

test("where the remote takes no such branch, the mirror keeps it, and it is said again when it is tried again", async () => {
  const { world, place, base } = await atWork();
  await write(place.checkout, { "a.txt": "stashed\n" });
  await git(place.checkout, "stash");
  await publish(world, place, branch);
  await mkdir(join(world.url, "hooks"), { recursive: true });
  await writeFile(join(world.url, "hooks/pre-receive"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  for (const _ of ["first", "second"]) {
    const { saved } = await openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix });
    expect(saved).toMatchObject([{ name: "stash-1", branch: null, mirrorPath: place.mirror.path }]);
  }
  expect(await git(place.mirror.path, "show", "refs/fairlead/saved/k/stash-1:a.txt")).toBe("stashed");
});

test("of a rejected change, the mirror keeps it, and the remote gets nothing", async () => {
  const { world, place, base } = await atWork();
  await write(place.checkout, { "a.txt": "stashed\n" });
  await git(place.checkout, "stash");
  const { saved } = await openRepository(world).saveLeftovers(place, { base, branch, key: "k", prefix: null });
  // It has the work below it.
  expect(saved).toMatchObject([{ name: "stash-1", branch: null }]);
  expect(await git(world.url, "for-each-ref", "--format=%(refname)")).toBe("refs/heads/main");
});
