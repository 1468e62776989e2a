import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isLocal } from "../url.ts";

/**
 * What a person is in the middle of in their own checkout, where that is the remote: a rebase or a bisection of a branch. git
 * takes a push to that branch if the files are clean, and writes the merge into the middle of it. Null: nothing.
 */
export async function atWorkIn(url: string, branch: string): Promise<"rebase" | "bisection" | null> {
  if (!isLocal(url)) return null;
  const common = await gitDirIn(url.startsWith("file:") ? fileURLToPath(url) : url);
  if (common === null) return null;
  const worktrees = await readdir(join(common, "worktrees")).catch(() => []);
  for (const gitDir of [common, ...worktrees.map((name) => join(common, "worktrees", name))]) {
    for (const kind of ["rebase-merge", "rebase-apply"]) {
      if ((await lineOf(join(gitDir, kind, "head-name"))) === `refs/heads/${branch}`) return "rebase";
    }
    if ((await lineOf(join(gitDir, "BISECT_START"))) === branch) return "bisection";
  }
  return null;
}

/** The repository of a checkout, whose `.git` may be a file that names it; null for a bare one. */
async function gitDirIn(folder: string): Promise<string | null> {
  const dotGit = join(folder, ".git");
  const found = await stat(dotGit).catch(() => null);
  if (found === null) return null;
  if (found.isDirectory()) return dotGit;
  const named = /^gitdir: (.+)$/m.exec(await readFile(dotGit, "utf8"))?.[1];
  if (named === undefined) return null;
  const gitDir = resolve(folder, named);
  const common = await lineOf(join(gitDir, "commondir"));
  return common === null ? gitDir : resolve(gitDir, common);
}

async function lineOf(file: string): Promise<string | null> {
  return (await readFile(file, "utf8").catch(() => null))?.trim() ?? null;
}
