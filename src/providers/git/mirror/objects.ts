import { GitFailed } from "../../../domain/faults/git.ts";
import { complaint } from "../calls/complaint.ts";
import { gitBytes } from "../calls/git.ts";
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

/** The contents of objects, by name; those that are missing are left out. */
export async function readObjects(
  mirror: Pick<Mirror, "path">,
  objects: readonly string[],
): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  if (objects.length === 0) return found;
  const stdin = [...new Set(objects)].map((object) => `${object}\n`).join("");
  const result = await gitBytes(["cat-file", "--batch"], { gitDir: mirror.path, stdin, limit: treeLimitBytes });
  if (result.code !== 0) throw new GitFailed("cat-file", complaint(result));
  const bytes = result.stdout;
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0x0a, at);
    const [object = "", , size] = new TextDecoder().decode(bytes.subarray(at, end)).split(" ");
    at = end + 1;
    if (size === undefined) continue; // "<object> missing"
    found.set(object, bytes.subarray(at, at + Number(size)));
    at += Number(size) + 1;
  }
  return found;
}

/** The text of a file in a commit; null when there is no such file. */
export async function readFileAt(mirror: Pick<Mirror, "path">, commit: string, path: string): Promise<string | null> {
  const args = ["cat-file", "blob", `${commit}:${path}`];
  const result = await gitBytes(args, { gitDir: mirror.path, limit: 10 * 1024 * 1024 });
  return result.code === 0 ? new TextDecoder().decode(result.stdout) : null;
}
