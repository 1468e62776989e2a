import { reconcile as repair } from "../store/jobs.ts";
import type { Services } from "./services.ts";

/** Proves that every entity that waits for a task has a job behind it, and repairs those that have none. */
export async function reconcile({ sql, log }: Services): Promise<void> {
  const repaired = await repair(sql);
  if (repaired.enqueued + repaired.givenUp > 0) log.warn(repaired, "reconciled");
}
