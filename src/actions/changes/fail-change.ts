import type { AgentUsage } from "../../domain/agents/agent.ts";
import type { Seen } from "../../domain/change.ts";
import type { FailureKind } from "../../domain/failure.ts";
import { Fault } from "../../domain/fault.ts";
import { ChangeFailed } from "../../domain/faults/changes.ts";
import { isOfDataFolder } from "../../domain/faults/data-folders.ts";
import { EnvironmentGone, EnvironmentLost } from "../../domain/faults/environments.ts";
import { DatabaseUnavailable } from "../../domain/faults/kernel.ts";
import type { ChangeId } from "../../domain/ids.ts";
import { storable } from "../../domain/texts/text.ts";
import { settleFailed } from "../../store/changes.ts";
import { loseEnvironment } from "../../store/environments.ts";
import { faultOf } from "../../store/sql.ts";
import type { Services } from "../services.ts";

/**
 * Runs a stage of a change. What goes wrong in it fails the change, with the kind of this stage unless the fault has one
 * of its own. What the stage has noted as spent is counted then. A lost environment is replaced instead. Three faults are rethrown, for the queue to retry: Postgres is
 * unavailable, the data folder is gone or refused, or this worker stops.
 */
export async function orFail(
  { sql, log, dataFolder }: Services,
  change: Seen<ChangeId>,
  kind: FailureKind,
  stopping: AbortSignal,
  stage: (noteSpent: (usage: AgentUsage) => void) => Promise<void>,
): Promise<void> {
  let spent: AgentUsage | undefined;
  try {
    await stage((usage) => {
      spent = usage;
    });
  } catch (raised) {
    const error = faultOf(raised);
    if (stopping.aborted || error instanceof DatabaseUnavailable || isOfDataFolder(error)) throw error;
    await dataFolder.check();
    if (error instanceof EnvironmentLost || error instanceof EnvironmentGone) {
      const why = error instanceof EnvironmentLost ? error.message : "its environment has vanished";
      const replaced = await loseEnvironment(sql, change, storable(why), usageOf(error) ?? spent);
      log.warn({ err: error, replaced }, "environment lost");
      return;
    }
    const failure = failureOf(error, kind);
    const settled = await settleFailed(sql, change, failure, usageOf(error) ?? spent);
    // Only what is our own fault has a stack worth reading.
    if (failure.kind === "internal") log.error({ err: error, failure, settled }, "change failed");
    else log.info({ failure, settled }, "change failed");
  }
}

function failureOf(error: unknown, kind: FailureKind): { kind: FailureKind; message: string } {
  if (error instanceof ChangeFailed) return { kind: error.failureKind, message: storable(error.message) };
  if (error instanceof Fault) return { kind, message: storable(error.message) };
  const message = storable(error instanceof Error ? error.message : String(error));
  return { kind: "internal", message: `Fairlead itself failed: ${message}. Retry; if it happens again, report it.` };
}

function usageOf(error: unknown): AgentUsage | undefined {
  return error instanceof ChangeFailed || error instanceof EnvironmentLost ? error.usage : undefined;
}
