import { mkdir, readdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type GitOptions, git, gitBytes, gitOutput } from "../calls/git.ts";
import type { Mirror } from "../mirror/mirror.ts";

/** An object that is stored in the checkout itself and not in the mirror that it borrows from. */
export interface OwnObject {
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
}

/** Where the repository of a checkout lies on this machine: its `.git`, and the common directory of ours. */
export interface OwnRepository {
  readonly gitDir: string;
  readonly commonDirectory: string;
}

/**
 * The objects of a checkout that are not reachable from a ref, a reflog or the index, and were neither fetched nor copied from the
 * mirror. `base` is the commit that its branch began with; null: it is not known.
 */
export async function looseEnds(
  repository: OwnRepository,
  { mirror, base }: { readonly mirror: Pick<Mirror, "path">; readonly base: string | null },
): Promise<OwnObject[]> {
  const own = await listOwn(repository);
  if (own.length === 0) return [];
  const local = await reachedFrom(repository, ["--all", "--reflog", "HEAD", "--indexed-objects", "--not", "--remotes"]);
  if (local === null) return []; // a damaged repository is kept as it is
  const left = own.filter(({ name }) => !local.has(name));
  if (left.length === 0) return [];
  // That leaves out what remotes have. The agent itself may have fetched objects of theirs, also without a ref.
  const tips = ["--remotes", ...(await fetchHeads(repository))];
  const fetched = await without(repository, left, [...tips, ...(base === null ? [] : ["--not", base])]);
  // It may also have copied them from the mirror, by `git repack -a`. To find those takes a walk through the whole history.
  const isCopied = await isAnyIn(mirror, fetched);
  return isCopied ? await without(repository, fetched, [...tips, ...(base === null ? [] : [base])]) : fetched;
}

/** The commits that were fetched last, as `FETCH_HEAD` has them. */
async function fetchHeads({ gitDir }: OwnRepository): Promise<string[]> {
  const text = await readFile(join(gitDir, "FETCH_HEAD"), "utf8").catch(() => "");
  return text
    .split("\n")
    .slice(0, 1000)
    .flatMap((line) => /^(?:[0-9a-f]{64}|[0-9a-f]{40})(?=\t)/.exec(line)?.[0] ?? []);
}

/** Those that can't be reached from there; all of them, where git can't tell. */
async function without(
  repository: OwnRepository,
  objects: readonly OwnObject[],
  range: readonly string[],
): Promise<OwnObject[]> {
  if (objects.length === 0) return [];
  const reached = await reachedFrom(repository, ["--ignore-missing", ...range]);
  return objects.filter(({ name }) => reached?.has(name) !== true);
}

async function isAnyIn({ path }: Pick<Mirror, "path">, objects: readonly OwnObject[]): Promise<boolean> {
  if (objects.length === 0) return false;
  const stdin = objects.map(({ name }) => `${name}\n`).join("");
  const found = await gitOutput(["cat-file", "--batch-check=%(objecttype)"], { gitDir: path, stdin });
  return found.split("\n").some((line) => !line.endsWith(" missing"));
}

/** Of the names of objects: enough for five million of them. */
const walkLimitBytes = 200 * 1024 * 1024;

async function reachedFrom(repository: OwnRepository, range: readonly string[]): Promise<Set<string> | null> {
  const args = ["rev-list", "--objects", "--no-object-names", ...range];
  const listed = await git(args, { ...optionsFor(repository), limit: walkLimitBytes });
  return listed.code === 0 ? new Set(listed.stdout.split("\n")) : null;
}

/** Packs objects of a checkout, for another repository to keep. */
export async function packObjects(repository: OwnRepository, objects: readonly OwnObject[]): Promise<Uint8Array> {
  const stdin = objects.map(({ name }) => `${name}\n`).join("");
  const result = await gitBytes(["pack-objects", "--quiet", "--stdout"], {
    ...optionsFor(repository),
    stdin,
    limit: 512 * 1024 * 1024,
  });
  return result.code === 0 ? result.stdout : new Uint8Array();
}

function optionsFor({ gitDir, commonDirectory }: OwnRepository): GitOptions {
  return { gitDir, variables: { GIT_COMMON_DIR: commonDirectory } };
}

/** Lists objects through a folder of links that leaves out `info/alternates`: else git would list borrowed objects as well. */
async function listOwn(repository: OwnRepository): Promise<OwnObject[]> {
  const folder = join(repository.commonDirectory, "own-objects");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const objects = join(repository.gitDir, "objects");
  const parts = (await readdir(objects)).filter((name) => /^(?:[0-9a-f]{2}|pack)$/.test(name));
  for (const part of parts) await symlink(join(objects, part), join(folder, part));
  const options = optionsFor(repository);
  const result = await git(["cat-file", "--batch-all-objects", "--unordered", "--batch-check"], {
    ...options,
    variables: { ...options.variables, GIT_OBJECT_DIRECTORY: folder },
  });
  return result.stdout.split("\n").flatMap((line) => {
    const [name, type, bytes] = line.split(" ");
    return name === undefined || type === undefined || bytes === undefined
      ? []
      : [{ name, type, bytes: Number(bytes) }];
  });
}
