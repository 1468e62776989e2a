import { basename } from "node:path";
import { GitFailed } from "../../../domain/faults/git.ts";
import { complaint } from "../calls/complaint.ts";
import { gitBytes } from "../calls/git.ts";
import { isCommitName } from "./commits.ts";
import type { Mirror } from "./mirror.ts";

/** One entry of a tree, with its full path. */
export interface TreeEntry {
  readonly mode: string;
  readonly object: string;
  readonly path: string;
}

const treeLimitBytes = 256 * 1024 * 1024;

/** All files, links and submodules of a commit. */
export async function listTree(mirror: Pick<Mirror, "path">, commit: string): Promise<TreeEntry[]> {
  const args = ["ls-tree", "-r", "-z", "--full-tree", commit];
  const result = await gitBytes(args, { gitDir: mirror.path, limit: treeLimitBytes });
  if (result.code !== 0) throw new GitFailed("ls-tree", complaint(result));
  return new TextDecoder("utf-8")
    .decode(result.stdout)
    .split("\0")
    .flatMap((line) => {
      const [, mode, object, path] = /^(\d+) \w+ ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
      return mode === undefined || object === undefined || path === undefined ? [] : [{ mode, object, path }];
    });
}

/** What a commit's tree says of how git treats it. */
export interface TreeFacts {
  /** Its `.gitattributes` files. */
  readonly attributes: readonly TreeEntry[];
  readonly submodules: readonly TreeEntry[];
  /** Whether it contains installed packages, in a folder `node_modules`. */
  readonly hasPackages: boolean;
}

/** A commit never changes and each task needs its facts several times, so those of the last hundred commits are remembered. */
export async function treeFacts(mirror: Pick<Mirror, "path">, commit: string): Promise<TreeFacts> {
  const key = `${mirror.path} ${commit}`;
  const known = recent.get(key);
  if (known !== undefined) return known;
  const entries = await listTree(mirror, commit);
  const facts = {
    attributes: entries.filter(({ mode, path }) => basename(path) === ".gitattributes" && mode !== submodule),
    submodules: entries.filter(({ mode }) => mode === submodule),
    hasPackages: entries.some(({ path }) => /(^|\/)node_modules\//.test(path)),
  };
  if (isCommitName(commit)) remember(key, facts);
  return facts;
}

const submodule = "160000";
const recent = new Map<string, TreeFacts>();

function remember(key: string, facts: TreeFacts): void {
  // A Map is in the order in which its keys were added, so this is the oldest.
  for (const oldest of recent.size >= 100 ? recent.keys().take(1) : []) recent.delete(oldest);
  recent.set(key, facts);
}

/** The contents of objects, by name; those that are missing are left out. */
export async function readObjects(
  mirror: Pick<Mirror, "path">,
  objects: readonly string[],
): Promise<Map<string, Uint8Array>> {
  const names = [...new Set(objects)];
  const contents = await readEach(mirror, names, treeLimitBytes);
  return new Map(
    names.flatMap((name, index): [string, Uint8Array][] => {
      const bytes = contents[index];
      return bytes == null ? [] : [[name, bytes]];
    }),
  );
}

/** The text of files in a commit; null where there is no such file. */
export async function readFilesAt<Path extends string>(
  mirror: Pick<Mirror, "path">,
  commit: string,
  paths: readonly Path[],
): Promise<Record<Path, string | null>> {
  const names = paths.map((path) => `${commit}:${path}`);
  const contents = await readEach(mirror, names, 30 * 1024 * 1024);
  const texts = paths.map((path, index) => {
    const bytes = contents[index];
    return [path, bytes == null ? null : new TextDecoder().decode(bytes)] as const;
  });
  return Object.fromEntries(texts) as Record<Path, string | null>;
}

/** The content of each object, in their order; null for one that is missing, is a tree, or is behind the limit. */
async function readEach(
  mirror: Pick<Mirror, "path">,
  names: readonly string[],
  limit: number,
): Promise<(Uint8Array | null)[]> {
  if (names.length === 0) return [];
  const stdin = names.map((name) => `${name}\n`).join("");
  const result = await gitBytes(["cat-file", "--batch"], { gitDir: mirror.path, stdin, limit });
  if (result.code !== 0 && !result.truncated) throw new GitFailed("cat-file", complaint(result));
  const bytes = result.stdout;
  let at = 0;
  return names.map(() => {
    const end = bytes.indexOf(0x0a, at);
    const [, type, size] = /^\S+ (blob|tree|commit|tag) (\d+)$/.exec(decode(bytes.subarray(at, end))) ?? [];
    at = end + 1;
    if (end === -1 || size === undefined) return null; // "<name> missing", or cut off
    const content = bytes.subarray(at, at + Number(size));
    at += Number(size) + 1;
    return type === "tree" || content.length < Number(size) ? null : content;
  });
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
