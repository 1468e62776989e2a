import { createHash } from "node:crypto";
import { lstat, readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { type Checkout, gitDirOf, gitIn } from "../calls/checkout-git.ts";
import { commonDirectory } from "./common-directory.ts";

/** A repository in a checkout's `.git` to which nothing in its files leads any more. */
export interface Unlinked extends Checkout {
  readonly gitDir: string;
  /** For people: the submodule that it was of, or that it was nested. */
  readonly what: string;
}

/**
 * Repositories of submodules that were removed, and those that were nested in the files and are committed as plain files.
 * `linked` are the repositories of the submodules that are there.
 */
export async function unlinkedIn(checkout: Checkout, linked: readonly string[]): Promise<Unlinked[]> {
  const common = await checkout.commonDirectory();
  if (common === null) return [];
  const gitDir = gitDirOf(checkout);
  const nested = (await readdir(gitDir).catch(() => [])).filter((name) => name.startsWith("nested-"));
  const candidates = [
    ...(await repositoriesBelow(join(gitDir, "modules"), linked)).map((path) => ({
      path,
      what: `${relative(join(gitDir, "modules"), path)}, which was removed`,
    })),
    ...nested.map((name) => ({ path: join(gitDir, name), what: "a repository that was nested in the files" })),
  ];
  const found: Unlinked[] = [];
  for (const { path, what } of candidates) {
    const own = join(common, "submodules", createHash("sha256").update(path).digest("hex").slice(0, 16));
    const open = () => commonDirectory(own, path);
    const repository = { checkout: checkout.checkout, gitDir: path, commonDirectory: open, run: checkout.run, what };
    if ((await open()) !== null && (await hasCommits(repository))) found.push(repository);
  }
  return found;
}

/** The name of a submodule may have slashes in it, and its repository may have submodules of its own. */
async function repositoriesBelow(folder: string, linked: readonly string[], depth = 0): Promise<string[]> {
  if (depth > 10) return [];
  const names = await readdir(folder).catch(() => []);
  const found: string[] = [];
  for (const name of names) {
    const path = join(folder, name);
    if (linked.includes(path) || (await lstat(path)).isDirectory() === false) continue;
    const isRepository = (await lstat(join(path, "HEAD")).catch(() => null))?.isFile() === true;
    if (isRepository) found.push(path, ...(await repositoriesBelow(join(path, "modules"), linked, depth + 1)));
    else if (!linked.some((other) => path.startsWith(`${other}${sep}`))) {
      found.push(...(await repositoriesBelow(path, linked, depth + 1)));
    }
  }
  return found;
}

async function hasCommits(repository: Unlinked): Promise<boolean> {
  return (await gitIn(repository, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])).code === 0;
}
