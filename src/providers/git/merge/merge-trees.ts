import { join } from "node:path";
import { GitFailed, MergeRefused } from "../../../domain/faults/git.ts";
import { complaint } from "../calls/complaint.ts";
import { git, gitOutput } from "../calls/git.ts";
import { hasCommit, isAncestor } from "../mirror/commits.ts";
import { fetchMirror } from "../mirror/fetch.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { MergeRequest } from "../port.ts";
import type { SubmoduleContext } from "../submodules/context.ts";
import { submodulesOf } from "../submodules/gitmodules.ts";
import { submoduleMirror } from "../submodules/mirror-with.ts";
import { withAttributes } from "./attributes.ts";
import { inScratch } from "./scratch.ts";

interface Merging {
  readonly target: string;
  readonly request: Pick<MergeRequest, "headCommit" | "targetBranch">;
  readonly context: SubmoduleContext;
}

/** Merges two commits as git does in a checkout of the first: the merged tree, or the files in conflict. */
export async function mergeTrees(
  mirror: Mirror,
  merging: Merging,
  signal: AbortSignal,
): Promise<{ tree: string } | { files: string[] }> {
  const { target, request } = merging;
  const args = ["merge-tree", "--write-tree", "-z", "--no-messages", target, request.headCommit];
  const result = await withAttributes(mirror, target, (options) => git(args, { ...options, signal }));
  if (/unrelated histories/.test(result.stderr)) {
    const why = "the branch and its target have no commit in common";
    throw new MergeRefused(request.targetBranch, why, "Merge it by hand");
  }
  if (result.code !== 0 && result.code !== 1) throw new GitFailed("merge-tree", complaint(result));
  const [tree = "", ...lines] = result.stdout.split("\0").filter((part) => part !== "");
  const conflicts = conflictsIn(lines);
  if (result.code === 0) return { tree };
  const resolved = await resolveLinks(mirror, conflicts, merging, signal);
  const files = [...conflicts.keys()].filter((path) => !resolved.has(path));
  if (files.length > 0 || resolved.size === 0) return { files };
  return { tree: await withLinks(mirror, tree, resolved) };
}

/** The three sides of a file in conflict: its mode and object in the merge base (1), the target (2) and the branch (3). */
type Sides = Map<string, { mode: string; object: string }>;

function conflictsIn(lines: readonly string[]): Map<string, Sides> {
  const conflicts = new Map<string, Sides>();
  for (const line of lines) {
    const [, mode, object, stage, path] = /^(\d+) ([0-9a-f]+) ([123])\t(.+)$/s.exec(line) ?? [];
    if (mode === undefined || object === undefined || stage === undefined || path === undefined) continue;
    conflicts.set(path, (conflicts.get(path) ?? new Map()).set(stage, { mode, object }));
  }
  return conflicts;
}

/**
 * Resolves conflicts of submodules that both sides have moved, where one side's commit is an ancestor of the other's: takes the
 * descendant, as git does where the submodule is populated. Gives the commits by path.
 */
async function resolveLinks(
  mirror: Mirror,
  conflicts: ReadonlyMap<string, Sides>,
  { target, context }: Merging,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const resolved = new Map<string, string>();
  const links = [...conflicts].filter(([, sides]) => sides.size === 3 && [...sides.values()].every(isLink));
  if (links.length === 0) return resolved;
  const submodules = await submodulesOf(mirror, target);
  for (const [path, sides] of links) {
    const submodule = submodules.find((known) => known.path === path);
    const [ours, theirs] = [sides.get("2")?.object, sides.get("3")?.object];
    if (submodule === undefined || ours === undefined || theirs === undefined) continue;
    const inner = await submoduleMirror(context, submodule, signal);
    await fetchMirror(inner, signal);
    const later = await laterOf(inner, ours, theirs);
    if (later !== null) resolved.set(path, later);
  }
  return resolved;
}

const isLink = ({ mode }: { mode: string }): boolean => mode === "160000";

async function laterOf(mirror: Mirror, one: string, other: string): Promise<string | null> {
  if (!(await hasCommit(mirror, one)) || !(await hasCommit(mirror, other))) return null;
  if (await isAncestor(mirror, one, other)) return other;
  return (await isAncestor(mirror, other, one)) ? one : null;
}

/** A tree with submodules at other commits. */
async function withLinks(mirror: Mirror, tree: string, links: ReadonlyMap<string, string>): Promise<string> {
  return await inScratch(mirror, async (folder) => {
    const options = { gitDir: mirror.path, variables: { GIT_INDEX_FILE: join(folder, "index") } };
    await gitOutput(["read-tree", tree], options);
    const stdin = [...links].map(([path, commit]) => `160000 ${commit}\t${path}\0`).join("");
    await gitOutput(["update-index", "-z", "--add", "--index-info"], { ...options, stdin });
    return await gitOutput(["write-tree"], options);
  });
}
