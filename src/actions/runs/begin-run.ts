import type { Seen } from "../../domain/change.ts";
import { Fault } from "../../domain/fault.ts";
import { isOfDataFolder } from "../../domain/faults/data-folders.ts";
import { DatabaseUnavailable } from "../../domain/faults/kernel.ts";
import type { RunFailureKind, RunId } from "../../domain/plans/run.ts";
import { storable } from "../../domain/texts/text.ts";
import { runAsSeen, settleBegun, settleRunFailed } from "../../store/runs/runs.ts";
import { faultOf } from "../../store/sql.ts";
import { placeHere } from "../data-folder/is-here.ts";
import { recorded } from "../environments/recorded.ts";
import type { Services } from "../services.ts";

/** Makes the environment in which a run's steps work, and lets those begin that depend on nothing. */
export async function beginRun(services: Services, seen: Seen<string>, stopping: AbortSignal): Promise<void> {
  const { sql, log, limits } = services;
  const run = await runAsSeen(sql, seen as Seen<RunId>);
  if (run === null || run.environmentId === null) return;
  const { id, environmentId, folder } = run;
  const owner = { environmentId, changeId: null };
  const late = AbortSignal.timeout(limits.provisionMs);
  const signal = AbortSignal.any([stopping, late]);
  try {
    await placeHere(services, environmentId);
    await recorded(sql, owner, [{ kind: "environment", name: "environment" }], () =>
      services.provider("local").provision({ id: environmentId, folder }, signal),
    );
    await settleBegun(sql, run);
  } catch (raised) {
    const error = faultOf(raised);
    if (stopping.aborted || error instanceof DatabaseUnavailable || isOfDataFolder(error)) throw error;
    const failed = await settleRunFailed(sql, run, failureOf(error, late.aborted));
    log.warn({ err: error, run: id, failed }, "run could not begin");
  }
}

function failureOf(error: unknown, isLate: boolean): { kind: RunFailureKind; message: string } {
  if (isLate) {
    const message = "its folder was not ready in time; retry, or set FAIRLEAD_PROVISION_TIMEOUT_SECONDS higher";
    return { kind: "environment", message };
  }
  const message = storable(error instanceof Error ? error.message : String(error));
  if (error instanceof Fault) return { kind: "environment", message };
  return { kind: "internal", message: `Fairlead itself failed: ${message}. Retry; if it happens again, report it.` };
}
