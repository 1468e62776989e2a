import { GitFailed } from "../../../domain/faults/git.ts";
import { complaint } from "../calls/complaint.ts";
import { git, gitBytes } from "../calls/git.ts";
import type { DiffRequest } from "../port.ts";
import { isAncestor, needCommit } from "./commits.ts";
import { mirroredBranch } from "./fetch.ts";
import type { Mirror } from "./mirror.ts";

/**
 * What a change adds over its target, as `git apply` reads it: with binary files, full object names and the usual prefixes.
 * Each line of `bytes` is in the encoding of its file.
 */
export async function diff(
  mirror: Mirror,
  request: DiffRequest,
  signal?: AbortSignal,
): Promise<{ bytes: Uint8Array; truncated: boolean }> {
  await needCommit(mirror, request.headCommit, signal);
  const target = await mirroredBranch(mirror, request.targetBranch);
  const start = await startOf(mirror, { ...request, target }, signal);
  const form = ["--binary", "--full-index", "--src-prefix=a/", "--dst-prefix=b/", "--no-color", "--no-ext-diff"];
  const args = ["diff", ...form, "--no-textconv", start, request.headCommit, "--"];
  const result = await gitBytes(args, { gitDir: mirror.path, limit: request.limitBytes, signal });
  if (result.code !== 0 && !result.truncated) throw new GitFailed("diff", complaint(result));
  return { bytes: result.truncated ? wholeLines(result.stdout) : result.stdout, truncated: result.truncated };
}

function wholeLines(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
}

export interface StartRequest extends Pick<DiffRequest, "headCommit" | "baseCommit" | "mergeCommit"> {
  /** Where the target branch stands now; null: it is gone. */
  readonly target: string | null;
}

/**
 * The commit that a change is compared with: the merge base with the target as it is now, because the branch may have merged the
 * target since it began. For a change that was merged: with the target as it was before the merge.
 */
export async function startOf(
  mirror: Mirror,
  { headCommit, target: now, baseCommit, mergeCommit }: StartRequest,
  signal?: AbortSignal,
): Promise<string> {
  const landedOn = mergeCommit === null || mergeCommit === headCommit ? null : `${mergeCommit}^1`;
  const target = landedOn ?? now;
  if (target !== null && (landedOn !== null || !(await isAncestor(mirror, headCommit, target)))) {
    const common = await mergeBase(mirror, target, headCommit);
    if (common !== null) return common;
  }
  await needCommit(mirror, baseCommit, signal);
  return (await mergeBase(mirror, baseCommit, headCommit)) ?? baseCommit;
}

async function mergeBase(mirror: Mirror, one: string, other: string): Promise<string | null> {
  const result = await git(["merge-base", "--end-of-options", one, other], { gitDir: mirror.path });
  return result.code === 0 ? result.stdout.trim() : null;
}
