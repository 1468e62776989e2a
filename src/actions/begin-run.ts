import type { Seen } from "../domain/change.ts";
import { Fault } from "../domain/fault.ts";
import { DatabaseUnavailable } from "../domain/faults/kernel.ts";
import type { RunId } from "../domain/run.ts";
import { storable } from "../domain/text.ts";
import { runAsSeen, settleBegun, settleRunFailed } from "../store/runs.ts";
import { faultOf } from "../store/sql.ts";
import { recorded } from "./recorded.ts";
import type { Services } from "./services.ts";

/** Makes the environment in which a run's steps work, and lets those begin that depend on nothing. */
export async function beginRun(services: Services, seen: Seen<string>, stopping: AbortSignal): Promise<void> {
  const { sql, log, limits } = services;
  const run = await runAsSeen(sql, seen as Seen<RunId>);
  if (run === null || run.environmentId === null) return;
  const { id, environmentId, folder } = run;
  const owner = { environmentId, changeId: null };
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(limits.provisionMs)]);
  try {
    await recorded(sql, owner, [{ kind: "environment", name: "environment" }], () =>
      services.provider("local").provision({ id: environmentId, folder }, signal),
    );
    await settleBegun(sql, run);
  } catch (raised) {
    const error = faultOf(raised);
    if (stopping.aborted || error instanceof DatabaseUnavailable) throw error;
    const kind = error instanceof Fault ? "environment" : "internal";
    const failed = await settleRunFailed(sql, run, { kind, message: storable((error as Error).message) });
    log.warn({ err: error, run: id, failed }, "run could not begin");
  }
}
