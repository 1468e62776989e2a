import type { Change } from "../domain/change.ts";
import { DefaultBranchKept } from "../domain/faults/git.ts";
import { noteBranchGone, noteBranchKept } from "../store/resources.ts";
import { briefly } from "./briefly.ts";
import type { Services } from "./services.ts";

/** Deletes the branch of a change that is decided, unless others have pushed there what is nowhere else. */
export async function deleteBranch(services: Services, change: Change, stopping?: AbortSignal): Promise<void> {
  const { sql, log, repository, limits } = services;
  const { id, branchName, headCommit } = change;
  if (branchName === null || !isDecided(change)) return;
  const remote = repository(change.repositoryUrl);
  try {
    const talk = {
      url: change.repositoryUrl,
      timeoutMs: limits.remoteMs,
      ...(stopping === undefined ? {} : { stopping }),
    };
    const gone = await briefly(
      talk,
      async (signal) =>
        (await remote.deleteBranch(branchName, headCommit, signal)) && !(await remote.hasBranch(branchName, signal)),
    );
    if (gone) return await noteBranchGone(sql, id, branchName);
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
