import { mkdir, readdir, rm, symlink } from "node:fs/promises";
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
 * The objects of a checkout that are not reachable from a ref, a reflog or the index. `mirror` is the repository that it borrows
 * from. `base` is the commit that its branch began with; null: it is not known.
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
  // The walk above leaves out what remotes have. Objects of it are stored here if the agent has fetched them itself,
  const fetched = await without(repository, left, ["--remotes", ...(base === null ? [] : ["--not", base])]);
  // or has copied them from the mirror, as `git repack -a` does. That takes a walk through the whole history.
  const isCopied = await isAnyIn(mirror, fetched);
  return isCopied ? await without(repository, fetched, ["--remotes", ...(base === null ? [] : [base])]) : fetched;
}

/** All of them, where git can't tell. */
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

async function reachedFrom(repository: OwnRepository, range: readonly string[]): Promise<Set<string> | null> {
  const args = ["rev-list", "--objects", "--no-object-names", ...range];
  const listed = await git(args, optionsFor(repository));
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
