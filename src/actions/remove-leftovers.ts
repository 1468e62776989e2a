import { findChange } from "../store/changes.ts";
import { findEnvironment, unownedEnvironments } from "../store/environments.ts";
import { listLeaks } from "../store/resources.ts";
import { crossOut } from "./cross-out.ts";
import { deleteBranch } from "./delete-branch.ts";
import type { Services } from "./services.ts";

const atOnce = 1000;

/**
 * Removes what is still there of environments that have ended, whether the ledger says so or the machine. What nobody
 * knows anything about is only named: another Fairlead with another database may share this folder.
 */
export async function removeLeftovers(services: Services): Promise<void> {
  const { sql, log } = services;
  const leaks = await listLeaks(sql, atOnce);
  const { ended, unknown } = await unownedEnvironments(sql, await services.provider("local").list());
  if (unknown.length > 0) log.warn({ environments: unknown }, "environments that nobody owns");
  for (const id of new Set([...leaks.map(({ environmentId }) => environmentId), ...ended.map((row) => row.id)])) {
    const row = await findEnvironment(sql, id);
    if (row?.status !== "terminated") continue;
    try {
      const { folder, processes } = await services.provider(row.provider).remains(id);
      if (folder || processes.length > 0) await services.provider(row.provider).terminate(id, row.repositoryUrl);
      const change = leaks.some((leak) => leak.environmentId === id && leak.kind === "branch")
        ? await findChange(sql, row.changeId)
        : null;
      if (change !== null) await deleteBranch(services, change);
      log.info({ environment: id, left: await crossOut(services, row) }, "leftovers removed");
    } catch (error) {
      log.warn({ err: error, environment: id }, "leftovers could not be removed yet");
    }
  }
}

/** The environments on this machine of which this database knows nothing. */
export async function findUnowned({ sql, provider }: Pick<Services, "sql" | "provider">): Promise<string[]> {
  return (await unownedEnvironments(sql, await provider("local").list())).unknown;
}
