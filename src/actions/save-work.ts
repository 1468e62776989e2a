import type { Change } from "../domain/change.ts";
import type { EnvironmentRow } from "../domain/environment.ts";
import { BranchMovedOn } from "../domain/faults/git.ts";
import { fairlead } from "../domain/identity.ts";
import { oneLine } from "../domain/text.ts";
import type { Environment } from "../providers/environments/port.ts";
import { commitAll, countCommitsSince } from "../providers/git/checkout.ts";
import { noteBranchKept } from "../store/resources.ts";
import { interruptible } from "./interruptible.ts";
import { saveBranch } from "./save-branch.ts";
import type { Services } from "./services.ts";

/** Pushes what an environment has that is nowhere else, so that nothing is lost when it is removed. */
export async function saveWork(
  services: Services,
  row: EnvironmentRow,
  change: Change,
  stopping: AbortSignal,
): Promise<void> {
  if (change.branchName === null || change.baseCommit === null) return; // nothing was ever begun in it
  const environment = interruptible(services.provider(row.provider).open(row.id, row.repositoryUrl), stopping);
  if (change.status === "rejected" || !(await environment.present())) return;
  // Of a merged change the approved commit is safe, and files beside it are no work; but commits after it are.
  if (change.status === "merged") return await saveBeyond(services, row, change, environment);
  await commitAll(environment, { message: `Unfinished: ${oneLine(change.requestText, 60)}`, author: fairlead });
  if ((await countCommitsSince(environment, change.baseCommit)) === 0) return;
  const owner = { environmentId: row.id, changeId: change.id };
  try {
    await saveBranch(services.sql, owner, environment, { branch: change.branchName, url: row.repositoryUrl });
  } catch (error) {
    if (!(error instanceof BranchMovedOn)) throw error;
    await saveBeside(services, row, change, environment); // somebody else's commits are there, and stay
  }
}

async function saveBeyond(services: Services, row: EnvironmentRow, change: Change, environment: Environment) {
  if (change.headCommit === null || (await countCommitsSince(environment, change.headCommit)) === 0) return;
  await saveBeside(services, row, change, environment);
}

async function saveBeside(services: Services, row: EnvironmentRow, change: Change, environment: Environment) {
  const branch = `${change.branchName}-saved-${row.id.slice(-8).toLowerCase()}`;
  const owner = { environmentId: row.id, changeId: change.id };
  await saveBranch(services.sql, owner, environment, { branch, url: row.repositoryUrl });
  await noteBranchKept(services.sql, change.id, branch, "it has the commits that could not go to the change's branch");
  services.log.warn({ branch }, "work saved beside the branch");
}
