import type { Seen } from "../../domain/change.ts";
import type { EnvironmentRow } from "../../domain/environment.ts";
import { EnvironmentFailed } from "../../domain/faults/environments.ts";
import { DatabaseUnavailable } from "../../domain/faults/kernel.ts";
import type { EnvironmentId } from "../../domain/ids.ts";
import { oneLine } from "../../domain/texts/text.ts";
import { findChange } from "../../store/changes.ts";
import { leaveBehind } from "../../store/data-folders.ts";
import { environmentAsSeen, postponeCleanup, settleTerminated } from "../../store/environments.ts";
import { faultOf } from "../../store/sql.ts";
import { deleteBranch } from "../branches/delete-branch.ts";
import { saveWork } from "../branches/save-work.ts";
import { isHere } from "../data-folder/is-here.ts";
import type { Services } from "../services.ts";
import { crossOut } from "./cross-out.ts";

const againMs = 60_000;

/**
 * Ends an environment: stops what runs in it, saves the work that is nowhere else, removes it, and deletes the branch of
 * a change that is merged or rejected. When a step fails, nothing is lost: it says why and tries again. What runs is
 * stopped first of all, and no talk with the remote takes longer than a minute.
 */
export async function cleanUp(services: Services, seen: Seen<string>, stopping: AbortSignal): Promise<void> {
  const { sql, log, limits } = services;
  const row = await environmentAsSeen(sql, seen as Seen<EnvironmentId>);
  if (row === null) return;
  const provider = services.provider(row.provider);
  if (!(await isHere(services, row))) return await leaveThere(services, row, stopping);
  try {
    const change = row.changeId === null ? null : await findChange(sql, row.changeId);
    await provider.quiesce(row.id, limits.graceMs);
    if (change !== null) await saveWork(services, row, change, stopping);
    await provider.terminate(row.id, row.repositoryUrl);
    if (change !== null) await deleteBranch(services, change, stopping);
    // The branch goes with its change.
    const left = (await crossOut(services, row)).filter(({ kind }) => kind !== "branch");
    if (left.length > 0) throw new EnvironmentFailed(`still there: ${left.map(({ name }) => name).join(", ")}`);
    // That the files are gone means something only if the data folder itself is still there.
    await services.dataFolder.check();
    await settleTerminated(sql, row);
  } catch (error) {
    if (stopping.aborted || faultOf(error) instanceof DatabaseUnavailable) throw error;
    const message = error instanceof Error ? error.message : String(error);
    log.warn({ err: error, environment: row.id }, "clean-up postponed");
    await postponeCleanup(sql, row, `it could not be removed yet: ${oneLine(message, 500)}`, againMs);
  }
}

/** An environment in another data folder, which was given up: nothing of it is on this disk, but its branch is on the remote. */
async function leaveThere(services: Services, row: EnvironmentRow, stopping: AbortSignal): Promise<void> {
  const { sql, log } = services;
  const left = await leaveBehind(sql, row);
  log.warn({ environment: row.id, folder: row.dataFolder, left }, "environment left behind in another data folder");
  const change = row.changeId === null ? null : await findChange(sql, row.changeId);
  if (change === null) return;
  await deleteBranch(services, change, stopping).catch((error: unknown) =>
    log.warn({ err: error, environment: row.id }, "branch not deleted yet"),
  );
}
