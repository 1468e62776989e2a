import { reconcile as repair } from "../../store/jobs.ts";
import { checkDeployed } from "../changes/check-deployed.ts";
import type { Services } from "../services.ts";
import { removeLeaks } from "./remove-leaks.ts";

/**
 * Makes the database and the world agree again after whatever happened: an entity that waits for a task has a job behind
 * it, one whose job has given up fails, what has ended leaves nothing behind, and what is waited for is there.
 */
export async function reconcile(services: Services): Promise<void> {
  const repaired = await repair(services.sql);
  if (repaired.enqueued + repaired.givenUp > 0) services.log.warn(repaired, "reconciled");
  await removeLeaks(services);
  await checkDeployed(services);
}
