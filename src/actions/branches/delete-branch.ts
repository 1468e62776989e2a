import type { Change } from "../../domain/change.ts";
import { DefaultBranchKept } from "../../domain/faults/git.ts";
import { redact } from "../../domain/texts/redact.ts";
import type { Repository } from "../../providers/git/port.ts";
import { addNotice } from "../../store/notices.ts";
import { noteBranchGone, noteBranchKept } from "../../store/resources.ts";
import type { Services } from "../services.ts";
import { withRemoteTimeout } from "../with-remote-timeout.ts";
import { repositoryOf } from "../workspaces/repository-of.ts";

/** Deletes the branch of a change that is decided, unless others have pushed there what is nowhere else. */
export async function deleteBranch(services: Services, change: Change, stopping?: AbortSignal): Promise<void> {
  const { sql, log, limits } = services;
  const { id, branchName, headCommit } = change;
  if (branchName === null || !isDecided(change)) return;
  const remote = await repositoryOf(services, change);
  try {
    const talk = {
      url: change.repositoryUrl,
      timeoutMs: limits.remoteMs,
      ...(stopping === undefined ? {} : { stopping }),
    };
    const gone = await withRemoteTimeout(
      talk,
      async (signal) =>
        (await remote.deleteBranch(branchName, headCommit, signal)) && !(await remote.hasBranch(branchName, signal)),
    );
    await withRemoteTimeout(talk, (signal) => noteLandedAllTheSame(services, change, signal));
    await withRemoteTimeout(talk, (signal) => settleSubmoduleBranches(services, change, remote, signal));
    if (gone) return await noteBranchGone(sql, id, branchName);
    await noteBranchKept(sql, id, branchName, "it has commits of other people");
    log.warn({ branch: branchName }, "branch kept: it has commits that no other branch has");
  } catch (error) {
    if (!(error instanceof DefaultBranchKept)) throw error; // somebody renamed it to that; it is not ours to delete
    await noteBranchKept(sql, id, branchName, "it is the default branch now");
  }
}

/**
 * Deletes the branches that a rejected change has on the remotes of its submodules. Those of a merged change stay, because
 * the merge points to their commits: a notice asks a person to merge them there.
 */
async function settleSubmoduleBranches(
  { sql }: Services,
  { id, status, branchName, headCommit }: Change,
  remote: Repository,
  signal: AbortSignal,
): Promise<void> {
  if (branchName === null || headCommit === null) return;
  for (const { path, address, remove } of await remote.submoduleBranches(branchName, headCommit, signal)) {
    if (status === "rejected" && (await remove(signal))) continue;
    const text = `the submodule ${path} points to commits on ${branchName} of ${redact(address)}: merge that branch there`;
    await addNotice(sql, id, "submodule_branch", text);
  }
}

/** Adds a notice where commits of a rejected change are on its target all the same: an agent or a person pushed them there. */
async function noteLandedAllTheSame(
  { sql, repository }: Services,
  { id, status, repositoryUrl, targetBranch, headCommit }: Change,
  signal: AbortSignal,
): Promise<void> {
  if (status !== "rejected" || targetBranch === null || headCommit === null) return;
  if (!(await repository(repositoryUrl).contains(targetBranch, headCommit, signal))) return;
  const text = `it was rejected, and yet its commits are on ${targetBranch}, up to ${headCommit.slice(0, 10)}: revert them there`;
  await addNotice(sql, id, "landed_unapproved", text);
}

/** Merged or rejected for good: its branch is wanted no more. */
function isDecided({ status }: Change): boolean {
  return status === "merged" || status === "rejected";
}
