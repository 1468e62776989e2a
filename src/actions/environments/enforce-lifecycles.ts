import { terminateExpired } from "../../store/environments.ts";
import type { Services } from "../services.ts";

/** Ends environments that nobody needs any more. */
export async function enforceLifecycles({ sql, log, limits }: Services): Promise<void> {
  const ended = await terminateExpired(sql, limits);
  if (ended.length > 0) log.info({ environments: ended }, "environments expired");
}
