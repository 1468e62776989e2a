import { RepositoryUnreachable } from "../domain/faults/git.ts";
import type { EnvironmentId } from "../domain/ids.ts";
import { findChange } from "../store/changes.ts";
import { findEnvironment, strayEnvironments } from "../store/environments.ts";
import { type Leak, listLeaks } from "../store/resources.ts";
import { crossOut } from "./cross-out.ts";
import { deleteBranch } from "./delete-branch.ts";
import type { Services } from "./services.ts";

const atOnce = 1000;

/**
 * Removes what is still there of environments that have ended, whether the ledger says so or the machine. What nobody
 * knows anything about is only named: another Fairlead with another database may share this folder.
 */
export async function removeLeaks(services: Services): Promise<void> {
  const { sql, log, provider } = services;
  const leaks = await listLeaks(sql, atOnce);
  const strays = await strayEnvironments(sql, await provider("local").list());
  const unknown = strays.filter(({ isKnown }) => !isKnown).map(({ id }) => id);
  if (unknown.length > 0) log.warn({ environments: unknown }, "environments of which nothing is known");
  const ended = strays.filter(({ isKnown }) => isKnown).map(({ id }) => id);
  const silent = new Set<string>();
  for (const id of new Set([...leaks.map(({ environmentId }) => environmentId), ...ended])) {
    await removeFrom(services, id, { leaks, silent }).catch((error: unknown) =>
      log.warn({ err: error, environment: id }, "leaks could not be removed yet"),
    );
  }
}

interface Round {
  readonly leaks: readonly Leak[];
  /** Repositories that did not answer in this round. Waiting for one again at each of its branches would take hours. */
  readonly silent: Set<string>;
}

async function removeFrom(services: Services, id: EnvironmentId, { leaks, silent }: Round): Promise<void> {
  const row = await findEnvironment(services.sql, id);
  if (row?.status !== "terminated") return;
  const provider = services.provider(row.provider);
  const { folder, processes } = await provider.remains(id);
  if (folder || processes.length > 0) await provider.terminate(id, row.repositoryUrl);
  const hasBranch = leaks.some((leak) => leak.environmentId === id && leak.kind === "branch");
  const change = hasBranch && row.changeId !== null ? await findChange(services.sql, row.changeId) : null;
  if (change !== null && !silent.has(change.repositoryUrl)) {
    await deleteBranch(services, change).catch((error: unknown) => {
      if (error instanceof RepositoryUnreachable) silent.add(change.repositoryUrl);
      throw error;
    });
  }
  services.log.info({ environment: id, left: await crossOut(services, row) }, "leaks removed");
}
