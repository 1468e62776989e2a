import { git } from "../calls/git.ts";
import { withAttributes } from "../merge/attributes.ts";
import type { Mirror } from "../mirror/mirror.ts";
import { listTree, readObjects, treeFacts } from "../mirror/objects.ts";

/** A file in Git LFS: the commit has a pointer to its object. */
export interface LfsFile {
  readonly path: string;
  /** SHA-256 of the content, in hex. */
  readonly oid: string;
  readonly bytes: number;
}

/** Whether a `.gitattributes` file of a commit puts files into LFS. */
export async function usesLfs(mirror: Pick<Mirror, "path">, commit: string): Promise<boolean> {
  const { attributes: files } = await treeFacts(mirror, commit);
  const contents = await readObjects(
    mirror,
    files.map(({ object }) => object),
  );
  return [...contents.values()].some((bytes) => /\bfilter=lfs\b/.test(new TextDecoder().decode(bytes)));
}

/** The files of a commit that have the form of an LFS pointer. */
export async function pointersOf(mirror: Pick<Mirror, "path">, commit: string): Promise<LfsFile[]> {
  const entries = await listTree(mirror, commit);
  return await pointersAmong(
    mirror,
    entries.filter(({ mode }) => mode.startsWith("100")),
  );
}

/** The LFS files of a commit and its history, without commits that are in the history of others (`without`). */
export async function lfsFilesIn(mirror: Mirror, commit: string, without: readonly string[]): Promise<LfsFile[]> {
  const listed = await git(["rev-list", "--objects", commit, "--not", ...without, "--"], { gitDir: mirror.path });
  const named = listed.stdout.split("\n").flatMap((line) => {
    const [, object, path] = /^([0-9a-f]+) (.+)$/.exec(line) ?? [];
    return object === undefined || path === undefined ? [] : [{ object, path }];
  });
  const pointers = await pointersAmong(mirror, named);
  return pointers.length === 0 ? [] : await onlyFiltered(mirror, commit, pointers);
}

interface Named {
  readonly object: string;
  readonly path: string;
}

async function pointersAmong(mirror: Pick<Mirror, "path">, named: readonly Named[]): Promise<LfsFile[]> {
  const small = await smallBlobs(
    mirror,
    named.map(({ object }) => object),
  );
  const candidates = named.filter(({ object }) => small.has(object));
  const contents = await readObjects(
    mirror,
    candidates.map(({ object }) => object),
  );
  return candidates.flatMap(({ object, path }) => {
    const pointer = parsePointer(contents.get(object));
    return pointer === null ? [] : [{ path, ...pointer }];
  });
}

const pointerAtMostBytes = 1024;

async function smallBlobs(mirror: Pick<Mirror, "path">, objects: readonly string[]): Promise<Set<string>> {
  const stdin = objects.map((object) => `${object}\n`).join("");
  const { stdout } = await git(["cat-file", "--batch-check"], { gitDir: mirror.path, stdin });
  return new Set(
    stdout.split("\n").flatMap((line) => {
      const [object = "", type, bytes] = line.split(" ");
      return type === "blob" && Number(bytes) <= pointerAtMostBytes ? [object] : [];
    }),
  );
}

/** As git-lfs(1) writes it: `version`, then other keys, `oid sha256:…` and `size …` among them. */
function parsePointer(content: Uint8Array | undefined): { oid: string; bytes: number } | null {
  if (content === undefined || content.length > pointerAtMostBytes) return null;
  const text = new TextDecoder().decode(content);
  if (!/^version https:\/\/(git-lfs\.github\.com|hawser\.github\.com)\/spec\//.test(text)) return null;
  const oid = /^oid sha256:([0-9a-f]{64})$/m.exec(text)?.[1];
  const bytes = /^size (\d{1,18})$/m.exec(text)?.[1];
  return oid === undefined || bytes === undefined ? null : { oid, bytes: Number(bytes) };
}

/** Only those whose attributes put them into LFS: a test fixture may have the form of a pointer. */
async function onlyFiltered(mirror: Mirror, commit: string, files: readonly LfsFile[]): Promise<LfsFile[]> {
  const stdin = files.map(({ path }) => `${path}\0`).join("");
  const checked = await withAttributes(mirror, commit, (options) =>
    git(["check-attr", "-z", "--stdin", "filter"], { ...options, stdin }),
  );
  const parts = checked.stdout.split("\0");
  const filtered = new Set<string>();
  for (let at = 0; at + 2 < parts.length; at += 3) if (parts[at + 2] === "lfs") filtered.add(parts[at] ?? "");
  return files.filter(({ path }) => filtered.has(path));
}
