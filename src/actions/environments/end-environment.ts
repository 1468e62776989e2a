import { EnvironmentInUse, EnvironmentUnknown } from "../../domain/faults/requests.ts";
import type { EnvironmentId } from "../../domain/ids.ts";
import { findChange } from "../../store/changes.ts";
import { findEnvironment, terminateEnvironment } from "../../store/environments.ts";
import { findRun } from "../../store/runs/runs.ts";
import type { Services } from "../services.ts";

/** Sends an environment to its clean-up, unless a change that is still going on needs it. */
export async function endEnvironment({ sql }: Services, id: EnvironmentId): Promise<void> {
  if (await terminateEnvironment(sql, id)) return;
  const row = await findEnvironment(sql, id);
  if (row === null) throw new EnvironmentUnknown(id);
  if (row.status === "terminating" || row.status === "terminated") return;
  const run = row.runId === null ? null : await findRun(sql, row.runId);
  if (run !== null) throw new EnvironmentInUse(id, { what: "run", id: run.id, status: run.status });
  const change = row.changeId === null ? null : await findChange(sql, row.changeId);
  throw new EnvironmentInUse(id, { what: "change", id: row.changeId ?? "", status: change?.status ?? "unknown" });
}
