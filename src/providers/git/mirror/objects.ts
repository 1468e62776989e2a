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
  /** The paths of its outermost folders called `node_modules`: installed packages that are committed. */
  readonly packages: readonly string[];
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
    packages: [...new Set(entries.flatMap(({ path }) => /^(?:.*?\/)??node_modules(?=\/)/s.exec(path)?.[0] ?? []))],
  };
  const count = facts.attributes.length + facts.submodules.length + facts.packages.length;
  if (isCommitName(commit) && count <= 1000) remember(key, facts);
  return facts;
}

const submodule = "160000";
const recent = new Map<string, TreeFacts>();

function remember(key: string, facts: TreeFacts): void {
  // A Map is in the order in which its keys were added, so this is the oldest.
  for (const oldest of recent.size >= 100 ? recent.keys().take(1) : []) recent.delete(oldest);
  // Copied, because a part of the text that git printed would keep all of it in memory.
  recent.set(key, JSON.parse(JSON.stringify(facts)));
}

/** The contents of objects, by name; those that are missing are left out. */
export async function readObjects(
  mirror: Pick<Mirror, "path">,
  objects: readonly string[],
): Promise<Map<string, Uint8Array>> {
  const names = [...new Set(objects)];
  const { contents, truncated } = await readEach(mirror, names, treeLimitBytes);
  if (truncated) throw new GitFailed("cat-file", `its output is larger than ${treeLimitBytes} bytes`);
  return new Map(
    names.flatMap((name, index): [string, Uint8Array][] => {
      const bytes = contents[index];
      return bytes == null ? [] : [[name, bytes]];
    }),
  );
}

const filesLimitBytes = 30 * 1024 * 1024;

/** The text of files in a commit; null where there is no such file, or it is past `filesLimitBytes`. */
export async function readFilesAt<Path extends string>(
  mirror: Pick<Mirror, "path">,
  commit: string,
  paths: readonly Path[],
): Promise<Record<Path, string | null>> {
  const names = paths.map((path) => `${commit}:${path}`);
  const { contents } = await readEach(mirror, names, filesLimitBytes);
  const texts = paths.map((path, index) => {
    const bytes = contents[index];
    return [path, bytes == null ? null : new TextDecoder().decode(bytes)] as const;
  });
  return Object.fromEntries(texts) as Record<Path, string | null>;
}

/** The content of each blob, in their order; null for one that is missing, is no blob, or is past the limit. */
async function readEach(
  mirror: Pick<Mirror, "path">,
  names: readonly string[],
  limit: number,
): Promise<{ readonly contents: readonly (Uint8Array | null)[]; readonly truncated: boolean }> {
  if (names.length === 0) return { contents: [], truncated: false };
  const stdin = names.map((name) => `${name}\n`).join("");
  const result = await gitBytes(["cat-file", "--batch"], { gitDir: mirror.path, stdin, limit });
  if (result.code !== 0 && !result.truncated) throw new GitFailed("cat-file", complaint(result));
  const bytes = result.stdout;
  let at = 0;
  const contents = names.map(() => {
    const end = bytes.indexOf(0x0a, at);
    if (end === -1) return null; // past the limit
    const [, type, size] = /^\S+ (blob|tree|commit|tag) (\d+)$/.exec(decode(bytes.subarray(at, end))) ?? [];
    at = end + 1;
    if (size === undefined) return null; // "<name> missing"
    const content = bytes.subarray(at, at + Number(size));
    at = Math.min(at + Number(size) + 1, bytes.length);
    return type !== "blob" || content.length < Number(size) ? null : content;
  });
  return { contents, truncated: result.truncated };
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
