import type { Change } from "../domain/change.ts";
import type { EnvironmentRow } from "../domain/environment.ts";
import { BranchMovedOn, CheckoutBroken } from "../domain/faults/git.ts";
import { fairlead } from "../domain/identity.ts";
import { oneLine } from "../domain/text.ts";
import type { Environment } from "../providers/environments/port.ts";
import { commitAll, countCommitsSince } from "../providers/git/checkout/checkout.ts";
import { noteBranchKept, noteCheckoutKept } from "../store/resources.ts";
import { briefly } from "./briefly.ts";
import { interruptible } from "./interruptible.ts";
import { saveBranch } from "./save-branch.ts";
import type { Services } from "./services.ts";

/**
 * Pushes what an environment has that is nowhere else, so that nothing is lost when it is removed. What git can't read
 * any more is put aside as it is: trying again would not mend it, and a retry of the change waits for this.
 */
export async function saveWork(
  services: Services,
  row: EnvironmentRow,
  change: Change,
  stopping: AbortSignal,
): Promise<void> {
  if (change.branchName === null || change.baseCommit === null) return; // nothing was ever begun in it
  if (change.status === "rejected") return;
  const provider = services.provider(row.provider);
  const environment = interruptible(provider.open(row.id, row.repositoryUrl), stopping);
  if (!(await environment.present())) {
    // It may have been put aside before a crash, and not noted yet.
    const folder = await provider.kept(row.id);
    if (folder !== null) await noteAside(services, row, { folder, why: "git could not save what is in it" });
    return;
  }
  const owner = { environmentId: row.id, changeId: change.id };
  const save: Save = async (branch) => {
    const talk = { url: row.repositoryUrl, timeoutMs: services.limits.remoteMs, stopping };
    await briefly(talk, async (signal) => {
      const target = { branch, url: row.repositoryUrl };
      await saveBranch(services.sql, owner, interruptible(environment, signal), target);
    });
  };
  try {
    // Of a merged change the approved commit is safe, and files beside it are no work; but commits after it are.
    if (change.status === "merged") await saveBeyond(services, row, change, { environment, save });
    else await saveAll(services, row, change, { environment, save });
  } catch (error) {
    if (!(error instanceof CheckoutBroken) || error.isPassing) throw error;
    await putAside(services, row, error);
  }
}

/** Pushes what the checkout stands at to a branch. */
type Save = (branch: string) => Promise<void>;

interface Saving {
  readonly environment: Environment;
  readonly save: Save;
}

async function saveAll(services: Services, row: EnvironmentRow, change: Change, saving: Saving): Promise<void> {
  const { environment, save } = saving;
  await commitAll(environment, { message: `Unfinished: ${oneLine(change.requestText, 60)}`, author: fairlead });
  if (change.branchName === null || change.baseCommit === null) return;
  if ((await countCommitsSince(environment, change.baseCommit)) === 0) return;
  try {
    await save(change.branchName);
  } catch (error) {
    if (!(error instanceof BranchMovedOn)) throw error;
    await saveBeside(services, row, change, save); // somebody else's commits are there, and stay
  }
}

async function saveBeyond(services: Services, row: EnvironmentRow, change: Change, saving: Saving): Promise<void> {
  const { environment, save } = saving;
  if (change.headCommit === null || (await countCommitsSince(environment, change.headCommit)) === 0) return;
  await saveBeside(services, row, change, save);
}

async function saveBeside(services: Services, row: EnvironmentRow, change: Change, save: Save): Promise<void> {
  const branch = `${change.branchName}-saved-${row.id.slice(-8).toLowerCase()}`;
  await save(branch);
  await noteBranchKept(services.sql, change.id, branch, "it has the commits that could not go to the change's branch");
  services.log.warn({ branch }, "work saved beside the branch");
}

async function putAside(services: Services, row: EnvironmentRow, why: CheckoutBroken): Promise<void> {
  const folder = await services.provider(row.provider).keep(row.id);
  if (folder === null) throw why; // somebody has removed it meanwhile
  await noteAside(services, row, { folder, why: why.message });
}

async function noteAside(
  { sql, log }: Services,
  row: EnvironmentRow,
  { folder, why }: { folder: string; why: string },
): Promise<void> {
  await noteCheckoutKept(sql, row.id, `it lies in ${folder}: ${oneLine(why, 500)}`);
  log.warn({ environment: row.id, folder, why }, "checkout kept: git can't save what is in it");
}
