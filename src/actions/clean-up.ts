import type { Change, Seen } from "../domain/change.ts";
import type { EnvironmentRow } from "../domain/environment.ts";
import { BranchMovedOn, DefaultBranchKept } from "../domain/faults/git.ts";
import { DatabaseUnavailable } from "../domain/faults/kernel.ts";
import { fairlead } from "../domain/identity.ts";
import type { EnvironmentId } from "../domain/ids.ts";
import { oneLine } from "../domain/text.ts";
import { commitAll, countCommitsSince, pushBranch } from "../providers/git/checkout.ts";
import { findChange } from "../store/changes.ts";
import { environmentAsSeen, postponeCleanup, settleTerminated } from "../store/environments.ts";
import { faultOf } from "../store/sql.ts";
import type { Services } from "./services.ts";

const againMs = 60_000;

/**
 * Ends an environment: stops what runs in it, saves the work where it may still be wanted, removes it, and deletes the
 * branch of a change that is merged or rejected. When a step fails, nothing is lost: it says why and tries again.
 */
export async function cleanUp(services: Services, seen: Seen<string>, stopping: AbortSignal): Promise<void> {
  const row = await environmentAsSeen(services.sql, seen as Seen<EnvironmentId>);
  if (row === null) return;
  try {
    const change = await findChange(services.sql, row.changeId);
    await services.provider(row.provider).quiesce(row.id, services.limits.graceMs);
    if (change !== null && !isDecided(change)) await saveWork(services, row, change);
    await services.provider(row.provider).terminate(row.id, row.repositoryUrl);
    if (change !== null) await deleteBranch(services, change);
    await settleTerminated(services.sql, row);
  } catch (error) {
    if (stopping.aborted || faultOf(error) instanceof DatabaseUnavailable) throw error;
    const message = error instanceof Error ? error.message : String(error);
    services.log.warn({ err: error, environment: row.id }, "clean-up postponed");
    await postponeCleanup(services.sql, row, `it could not be removed yet: ${oneLine(message, 500)}`, againMs);
  }
}

/** Merged or rejected for good: what is still in its environment is wanted no more. */
function isDecided({ status }: Change): boolean {
  return status === "merged" || status === "rejected";
}

/** Commits and pushes what an unfinished change leaves, so that a retry goes on from it. */
async function saveWork(services: Services, row: EnvironmentRow, change: Change): Promise<void> {
  if (change.branchName === null || change.baseCommit === null) return; // nothing was ever begun in it
  const environment = services.provider(row.provider).open(row.id, row.repositoryUrl);
  if (!(await environment.present())) return;
  await commitAll(environment, { message: `Unfinished: ${oneLine(change.requestText, 60)}`, author: fairlead });
  if ((await countCommitsSince(environment, change.baseCommit)) === 0) return;
  const target = { branch: change.branchName, url: row.repositoryUrl };
  try {
    await pushBranch(environment, target);
  } catch (error) {
    if (!(error instanceof BranchMovedOn)) throw error;
    // Somebody else's commits are there, and stay; what is here is kept beside them.
    const branch = `${target.branch}-saved-${row.id.slice(-8).toLowerCase()}`;
    await pushBranch(environment, { ...target, branch });
    services.log.warn({ branch }, "work saved beside the branch, which has moved on");
  }
}

async function deleteBranch(services: Services, change: Change): Promise<void> {
  if (change.branchName === null || !isDecided(change)) return;
  try {
    await services.repository(change.repositoryUrl).deleteBranch(change.branchName);
  } catch (error) {
    if (!(error instanceof DefaultBranchKept)) throw error; // somebody renamed it to that; it is not ours to delete
  }
}
