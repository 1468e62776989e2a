import { EnvironmentInUse, EnvironmentUnknown } from "../domain/faults/requests.ts";
import type { EnvironmentId } from "../domain/ids.ts";
import { findChange } from "../store/changes.ts";
import { findEnvironment, terminateEnvironment } from "../store/environments.ts";
import type { Services } from "./services.ts";

/** Sends an environment to its clean-up, unless a change that is still going on needs it. */
export async function endEnvironment({ sql }: Services, id: EnvironmentId): Promise<void> {
  if (await terminateEnvironment(sql, id)) return;
  const row = await findEnvironment(sql, id);
  if (row === null) throw new EnvironmentUnknown(id);
  if (row.status === "terminating" || row.status === "terminated") return;
  const change = await findChange(sql, row.changeId);
  throw new EnvironmentInUse(id, row.changeId, change?.status ?? "unknown");
}
