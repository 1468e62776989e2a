import { DefaultBranchKept, PushRefused } from "../../../domain/faults/git.ts";
import { git, gitOutput } from "../calls/git.ts";
import { needCommit } from "./commits.ts";
import { fetchMirror } from "./fetch.ts";
import type { Mirror } from "./mirror.ts";
import { pushRefusal, tryPush } from "./push.ts";
import { forgetBranch } from "./pushed.ts";
import { defaultBranchOf, listRemote, unreachable } from "./remote.ts";

interface Deletion {
  readonly branch: string;
  /** The commit that we pushed last: the branch should be at it or at one of its ancestors. */
  readonly known: string | null;
  readonly signal: AbortSignal | undefined;
}

/** Deletes a branch of the remote. False, and it stays, when it has commits that are neither ours nor on another branch. */
export async function deleteBranch(mirror: Mirror, { branch, known, signal }: Deletion): Promise<boolean> {
  const remote = await listRemote(mirror, undefined, signal);
  const head = remote.branches.get(branch);
  if (head !== undefined) {
    if (branch === defaultBranchOf(mirror.url, remote)) throw new DefaultBranchKept(branch);
    if (head !== known && !(await isElsewhere(mirror, { branch, head, known, signal }))) return false;
    const result = await tryPush(mirror, { commit: null, branch, over: head }, signal);
    // Another worker may have deleted it at the same moment.
    if (result.code !== 0 && (await listRemote(mirror, branch, signal)).branches.has(branch)) {
      const refusal = pushRefusal(result);
      throw refusal === null ? unreachable(mirror.url, result) : new PushRefused(branch, refusal.reason);
    }
  }
  await forgetBranch(mirror, branch);
  return true;
}

async function isElsewhere(
  mirror: Mirror,
  { branch, head, known, signal }: Deletion & { readonly head: string },
): Promise<boolean> {
  await fetchMirror(mirror, signal);
  await needCommit(mirror, head, signal);
  // `known` itself may not exist any more after a rewrite; git then fails, which counts as no.
  const isKnown =
    known !== null && (await git(["merge-base", "--is-ancestor", head, known], { gitDir: mirror.path })).code === 0;
  if (isKnown) return true;
  const args = ["for-each-ref", "--format=%(refname)", `--contains=${head}`, "refs/remotes/origin/"];
  const containing = (await gitOutput(args, { gitDir: mirror.path })).split("\n").filter((ref) => ref !== "");
  return containing.some((ref) => ref !== `refs/remotes/origin/${branch}`);
}
