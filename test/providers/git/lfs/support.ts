import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Checkout } from "../../../../src/providers/git/calls/checkout-git.ts";
import { git, makeWorld, type World, write } from "../support.ts";

/** What `git lfs install` sets up for a person. */
const filter = ["clean", "smudge"].flatMap((way) => ["-c", `filter.lfs.${way}=git-lfs ${way} -- %f`]);

/** The git of a person who has Git LFS. */
export async function lfsGit(cwd: string, ...args: string[]): Promise<string> {
  return await git(cwd, ...filter, "-c", "filter.lfs.required=true", ...args);
}

/** A world whose remote keeps `*.bin` in LFS and has `old.bin`, pushed as a person does it. */
export async function lfsWorld(files: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = await makeWorld({ ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", ...files });
  await commitLfs(world, { "old.bin": "old content\n" });
  return world;
}

/** Commits files on main in the person's clone and pushes them, with their LFS objects. */
export async function commitLfs({ clone }: World, files: Readonly<Record<string, string>>): Promise<void> {
  await write(clone, files);
  await lfsGit(clone, "add", "--all");
  await lfsGit(clone, "commit", "--quiet", "--message", "LFS");
  await lfsGit(clone, "lfs", "push", "origin", "main");
  await lfsGit(clone, "push", "--quiet", "--no-verify", "origin", "main");
}

/** The LFS objects that a repository keeps, by name. */
export async function objectsIn(gitDir: string): Promise<string[]> {
  const found = await readdir(join(gitDir, "lfs/objects"), { recursive: true, withFileTypes: true }).catch(() => []);
  return found.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort();
}

export const lfsObject = ({ checkout }: Checkout, oid: string): string =>
  join(checkout, ".git/lfs/objects", oid.slice(0, 2), oid.slice(2, 4), oid);
