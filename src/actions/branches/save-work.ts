import type { Change } from "../../domain/change.ts";
import type { EnvironmentRow } from "../../domain/environment.ts";
import { BranchMovedOn, CheckoutBroken } from "../../domain/faults/git.ts";
import { isForGood } from "../../domain/faults/pushes.ts";
import { fairlead } from "../../domain/identity.ts";
import { oneLine } from "../../domain/texts/text.ts";
import type { Environment } from "../../providers/environments/port.ts";
import { commitAll, countCommitsSince } from "../../providers/git/checkout/checkout.ts";
import { rewrittenBelow } from "../../providers/git/checkout/history.ts";
import { unpushedRef } from "../../providers/git/mirror/unpushed.ts";
import { addNotice } from "../../store/notices.ts";
import { noteCheckoutKept } from "../../store/resources.ts";
import { interruptible } from "../interruptible.ts";
import type { Services } from "../services.ts";
import { withRemoteTimeout } from "../with-remote-timeout.ts";
import { repositoryOf } from "../workspaces/repository-of.ts";
import { hasBegun } from "./has-begun.ts";
import { saveBranch } from "./save-branch.ts";
import { saveLeftovers } from "./save-leftovers.ts";

/** A change that was provisioned, so that it has its branches and its base commit. */
export type BegunChange = Change & {
  readonly branchName: string;
  readonly targetBranch: string;
  readonly baseCommit: string;
};

/**
 * Saves all work that only this environment has, before it is removed: the change's branch, and other commits and stashes
 * under names of their own. A checkout that git can't read is moved to `kept/` as it is: trying again would not repair it,
 * and a retry of the change waits for this.
 */
export async function saveWork(
  services: Services,
  row: EnvironmentRow,
  change: Change,
  stopping: AbortSignal,
): Promise<void> {
  if (!hasItsBranch(change)) return; // nothing was ever begun in it
  const provider = services.provider(row.provider);
  const environment = interruptible(provider.open(row.id, row.repositoryUrl), stopping);
  if (!(await environment.present())) {
    // It may have been put aside before a crash, and not noted yet.
    const folder = await provider.kept(row.id);
    if (folder !== null) await noteAside(services, row, { folder, why: "git could not save what is in it" });
    return;
  }
  try {
    // A change that was merged or rejected is decided, and uncommitted files do not belong to it.
    if (change.status !== "merged" && change.status !== "rejected") {
      await saveBranchOf(services, change, environment, stopping);
    }
    await remotely(services, row, stopping, (signal) => saveLeftovers(services, row, change, { environment, signal }));
  } catch (error) {
    if (!(error instanceof CheckoutBroken) || error.isPassing) throw error;
    await putAside(services, row, error);
  }
}

function hasItsBranch(change: Change): change is BegunChange {
  return change.branchName !== null && change.targetBranch !== null && change.baseCommit !== null;
}

async function saveBranchOf(
  services: Services,
  change: BegunChange,
  environment: Environment,
  stopping: AbortSignal,
): Promise<void> {
  const { branchName: branch, baseCommit: base, targetBranch: target, repositoryUrl: url } = change;
  if (await hasUnfinishedWork(services, change, environment)) {
    const message = `Unfinished: ${oneLine(change.requestText, 60)}`;
    await commitAll(environment, { message, author: fairlead, branch });
  }
  if ((await countCommitsSince(environment, base)) === 0) return;
  // Rewritten commits of the target don't go to the branch: `saveLeftovers` saves them, with the work on top of them.
  if ((await rewrittenBelow(environment, { base, target })).length > 0) return;
  try {
    await remotely(services, { repositoryUrl: url }, stopping, (signal) =>
      saveBranch(services, change, interruptible(environment, signal), { branch, signal }),
    );
  } catch (error) {
    if (isForGood(error)) return await keepRefused(services, change, environment, error);
    // The branch has commits of other people: `saveLeftovers` saves ours under another name.
    if (!(error instanceof BranchMovedOn)) throw error;
    services.log.warn({ branch, why: error.message }, "branch not pushed: its work is saved beside it");
  }
}

/** A further attempt would fail until the remote, the machine or the workspace is changed; then a retry of the change pushes it. */
async function keepRefused(
  services: Services,
  change: BegunChange,
  environment: Environment,
  refused: Error,
): Promise<void> {
  const repository = await repositoryOf(services, change);
  const commit = await repository.keepUnpushed(environment, change.branchName);
  const why = oneLine(refused.message, 500);
  const where = `the mirror ${repository.mirrorPath} keeps it, as ${unpushedRef(change.branchName)}`;
  const text = `its work is not on the remote: ${why} Until it is, ${where}; a retry goes on from there.`;
  await addNotice(services.sql, change.id, "work_saved", text);
  services.log.warn({ branch: change.branchName, commit, why }, "branch refused: the mirror keeps its work");
}

/**
 * Whether uncommitted files are the agent's: it had begun and its work was not committed yet. Files that a setup command or
 * a preview wrote are no part of the change.
 */
async function hasUnfinishedWork(services: Services, change: Change, environment: Environment): Promise<boolean> {
  const { failedIn, failedTask, lastFailure } = change;
  const [status, task] = failedIn === null ? [lastFailure?.in, lastFailure?.task] : [failedIn, failedTask];
  return status === "implementing" && task !== "preview" && (await hasBegun(services, change, environment));
}

/** Runs work that needs the remote, with the time limit of a clean-up. */
async function remotely<Said>(
  { limits }: Services,
  { repositoryUrl }: Pick<EnvironmentRow, "repositoryUrl">,
  stopping: AbortSignal,
  talk: (signal: AbortSignal) => Promise<Said>,
): Promise<Said> {
  return await withRemoteTimeout({ url: repositoryUrl, timeoutMs: limits.remoteMs, stopping }, talk);
}

async function putAside(services: Services, row: EnvironmentRow, why: CheckoutBroken): Promise<void> {
  const folder = await services.provider(row.provider).keep(row.id);
  if (folder === null) throw why; // it has been removed meanwhile
  await noteAside(services, row, { folder, why: why.message });
}

async function noteAside(
  { sql, log }: Services,
  row: EnvironmentRow,
  { folder, why }: { folder: string; why: string },
): Promise<void> {
  await noteCheckoutKept(sql, row.id, `it lies in ${folder}: ${oneLine(why, 500)}`);
  const text = `git could not save what is in its checkout, which lies in ${folder} now: ${oneLine(why, 500)}`;
  if (row.changeId !== null) await addNotice(sql, row.changeId, "work_saved", text);
  log.warn({ environment: row.id, folder, why }, "checkout kept: git can't save what is in it");
}
