import { lstat, readdir, readFile, realpath } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { fairlead } from "../../../domain/identity.ts";
import { type Checkout, gitDirOf } from "../calls/checkout-git.ts";
import { commitAll } from "./checkout.ts";

/** Commits what is uncommitted in the worktrees that an agent added to its checkout: to the branches that they are on. */
export async function commitWorktrees(checkout: Checkout): Promise<void> {
  for (const worktree of await worktreesIn(checkout)) {
    await commitAll(worktree, { message: "Uncommitted in a worktree", author: fairlead, branch: null });
  }
}

/** Only those in its own environment: an agent can name any folder as a worktree, and other folders are other people's. */
async function worktreesIn(checkout: Checkout): Promise<Checkout[]> {
  const common = await checkout.commonDirectory();
  if (common === null) return [];
  const folder = join(gitDirOf(checkout), "worktrees");
  const environment = await realpath(dirname(checkout.checkout));
  const found: Checkout[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const gitDir = join(folder, name);
    const named = await readFile(join(gitDir, "gitdir"), "utf8").catch(() => null);
    if (named === null) continue;
    const directory = dirname(resolve(gitDir, named.trim()));
    const isInside = (await realpath(directory).catch(() => "")).startsWith(`${environment}${sep}`);
    const isFile = (await lstat(join(directory, ".git")).catch(() => null))?.isFile() === true;
    if (isInside && isFile) {
      found.push({ checkout: directory, gitDir, commonDirectory: async () => common, run: checkout.run });
    }
  }
  return found;
}
