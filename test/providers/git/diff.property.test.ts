import { chmod, lstat, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openRepository } from "../../../src/providers/git/repository.ts";
import { git, makeWorld } from "./support.ts";

/** A file of a tree: its bytes, whether it may be executed, or where a link leads. */
type Entry = { readonly bytes: Uint8Array; readonly isExecutable: boolean } | { readonly target: string };
type Tree = Readonly<Record<string, Entry>>;

const lines = fc.array(
  fc.constantFrom("one", "two", "über", "a b", "\tx", "--- a/x", "+++ b/x", "@@ -1 +1 @@", "diff --git", ""),
  {
    maxLength: 30,
  },
);

const text = fc
  .tuple(lines, fc.constantFrom("\n", "\r\n", "\r"), fc.boolean())
  .map(([all, end, isWhole]) => Buffer.from(all.join(end) + (isWhole && all.length > 0 ? end : "")));

const content = fc.oneof(
  { weight: 5, arbitrary: text },
  {
    weight: 1,
    arbitrary: fc.constantFrom(Buffer.from("caf\u00e9 latin\n", "latin1"), Buffer.from("\ufeffbom\n"), Buffer.from("")),
  },
  { weight: 2, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 400 }).map((bytes) => Buffer.from([0, ...bytes])) },
);

const entry: fc.Arbitrary<Entry> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ bytes: content, isExecutable: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ target: fc.constantFrom("a.txt", "../elsewhere", "no where", "/etc/hosts") }) },
);

const names = [
  ...["a.txt", "b.txt", "c.bin", "with space.txt", "Größe.txt", 'quo"te.txt', "tab\there", "-dash", " lead", "trail "],
  ...["dir/a.txt", "dir/deep/b.txt", "dir2/x", "a", "b/a.txt", "back\\slash", "new\nline", "🚀", "a.txt.orig"],
];

const tree = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...names), entry), { maxLength: 8, selector: ([name]) => name })
  .map(
    (entries) =>
      Object.fromEntries(entries.filter(([name]) => !entries.some(([other]) => other.startsWith(`${name}/`)))) as Tree,
  );

/** The same tree with some of its files moved, and some with a change of their mode alone. */
const changedTree = (before: Tree) =>
  fc
    .tuple(tree, fc.array(fc.constantFrom("keep", "move", "mode", "drop"), { minLength: 8, maxLength: 8 }))
    .map(([added, ways]) => {
      const kept = Object.entries(before).flatMap(([name, file], index): [string, Entry][] => {
        if (ways[index] === "drop") return [];
        if (ways[index] === "move") return [[`moved/${name.replaceAll("/", "-")}`, file]];
        if (ways[index] === "mode" && "bytes" in file) return [[name, { ...file, isExecutable: !file.isExecutable }]];
        return [[name, file]];
      });
      const all = Object.entries({ ...Object.fromEntries(kept), ...added });
      return Object.fromEntries(all.filter(([name]) => !all.some(([other]) => other.startsWith(`${name}/`)))) as Tree;
    });

const pair = tree.chain((before) => changedTree(before).map((after) => [before, after] as const));

async function lay(folder: string, files: Tree): Promise<void> {
  for (const name of await readdir(folder)) if (name !== ".git") await rm(join(folder, name), { recursive: true });
  for (const [name, file] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    if ("target" in file) await symlink(file.target, path);
    else {
      await writeFile(path, file.bytes);
      await chmod(path, file.isExecutable ? 0o755 : 0o644);
    }
  }
}

async function record(clone: string, files: Tree): Promise<string> {
  await lay(clone, files);
  await git(clone, "-c", "core.autocrlf=false", "add", "--all");
  await git(clone, "commit", "--quiet", "--allow-empty", "--message", "tree");
  return await git(clone, "rev-parse", "HEAD");
}

test("a diff, applied to what it was made over, gives exactly the tree that the change has", async () => {
  const world = await makeWorld();
  const repository = openRepository(world);
  const applied = join(world.directory, "applied");
  await git(world.directory, "clone", "--quiet", world.url, applied);
  await fc.assert(
    fc.asyncProperty(pair, async ([before, after]) => {
      await git(world.clone, "checkout", "--quiet", "--force", "-B", "main", "origin/main");
      const base = await record(world.clone, before);
      await git(world.clone, "push", "--quiet", "--force", "origin", "main", `${base}:refs/heads/base`);
      await git(world.clone, "checkout", "--quiet", "-B", "change/odd");
      const headCommit = await record(world.clone, after);
      await git(world.clone, "push", "--quiet", "--force", "origin", "change/odd");
      const { bytes } = await repository.diff({
        headCommit,
        targetBranch: "main",
        baseCommit: base,
        mergeCommit: null,
        limitBytes: 10_000_000,
      });

      await git(applied, "fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*");
      await git(applied, "reset", "--quiet", "--hard", base);
      await git(applied, "clean", "-dxfq");
      if (bytes.length > 0)
        await execa("git", ["apply", "--index", "--whitespace=nowarn"], { cwd: applied, input: bytes });
      expect(await git(applied, "write-tree")).toBe(await git(world.clone, "rev-parse", "HEAD^{tree}"));
    }),
    { numRuns: 30, seed: 20_261_128 },
  );
}, 300_000);

test("a folder that became a file, and a file that became a link, are applied back as well", async () => {
  const world = await makeWorld({ "a/b.txt": "b\n", c: "c\n" });
  const base = await git(world.clone, "rev-parse", "HEAD");
  await git(world.clone, "checkout", "--quiet", "-b", "change/kinds");
  const headCommit = await record(world.clone, {
    a: { bytes: Buffer.from("a\n"), isExecutable: false },
    c: { target: "a" },
  });
  await git(world.clone, "push", "--quiet", "origin", "change/kinds");
  const request = { headCommit, targetBranch: "main", baseCommit: base, mergeCommit: null, limitBytes: 1_000_000 };
  const { bytes } = await openRepository(world).diff(request);
  await git(world.clone, "checkout", "--quiet", "main");
  await execa("git", ["apply", "--index"], { cwd: world.clone, input: bytes });
  expect(await git(world.clone, "write-tree")).toBe(await git(world.clone, "rev-parse", `${headCommit}^{tree}`));
  expect((await lstat(join(world.clone, "c"))).isSymbolicLink()).toBe(true);
});
