import type { Change } from "../domain/change.ts";
import { DefaultBranchKept } from "../domain/faults/git.ts";
import { noteBranchGone, noteBranchKept } from "../store/resources.ts";
import type { Services } from "./services.ts";

/** Deletes the branch of a change that is decided, unless others have pushed there what is nowhere else. */
export async function deleteBranch({ sql, log, repository }: Services, change: Change): Promise<void> {
  const { id, branchName, headCommit } = change;
  if (branchName === null || !isDecided(change)) return;
  const remote = repository(change.repositoryUrl);
  try {
    const deleted = await remote.deleteBranch(branchName, headCommit);
    if (deleted && !(await remote.hasBranch(branchName))) return await noteBranchGone(sql, id, branchName);
    await noteBranchKept(sql, id, branchName, "somebody else has pushed commits there");
    log.warn({ branch: branchName }, "branch kept: it has commits that are nowhere else");
  } catch (error) {
    if (!(error instanceof DefaultBranchKept)) throw error; // somebody renamed it to that; it is not ours to delete
    await noteBranchKept(sql, id, branchName, "it is the default branch now");
  }
}

/** Merged or rejected for good: its branch is wanted no more. */
function isDecided({ status }: Change): boolean {
  return status === "merged" || status === "rejected";
}
