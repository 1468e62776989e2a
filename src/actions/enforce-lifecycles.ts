import { terminateExpired, unownedEnvironments } from "../store/environments.ts";
import type { Services } from "./services.ts";

/** Ends environments that nobody needs any more, and names those on this machine that nobody owns. */
export async function enforceLifecycles(services: Services): Promise<void> {
  const { sql, log, limits } = services;
  const ended = await terminateExpired(sql, limits);
  if (ended.length > 0) log.info({ environments: ended }, "environments expired");
  const unowned = await findUnowned(services);
  // Named, not removed: another Fairlead with another database may share this folder.
  if (unowned.length > 0) log.warn({ environments: unowned }, "environments that nobody owns");
}

export async function findUnowned({ sql, provider }: Pick<Services, "sql" | "provider">): Promise<string[]> {
  return unownedEnvironments(sql, await provider("local").list());
}
