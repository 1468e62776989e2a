import { RepositoryUnreachable } from "../../domain/faults/git.ts";
import type { EnvironmentId } from "../../domain/ids.ts";
import { findChange } from "../../store/changes.ts";
import { findEnvironment, strayEnvironments } from "../../store/environments.ts";
import { type Leak, listLeaks } from "../../store/resources.ts";
import { deleteBranch } from "../branches/delete-branch.ts";
import { isHere } from "../data-folder/is-here.ts";
import { keepStray } from "../data-folder/keep-stray.ts";
import type { Services } from "../services.ts";
import { crossOut } from "./cross-out.ts";

const atOnce = 1000;

/**
 * Removes what is left of terminated environments, found in the ledger or on the machine; a checkout that is not empty is
 * moved to `kept/` instead. Environments that this database does not know, or that belong to another data folder, are only
 * logged.
 */
export async function removeLeaks(services: Services): Promise<void> {
  const { sql, log, provider, dataFolder } = services;
  await dataFolder.check();
  const leaks = await listLeaks(sql, atOnce);
  const strays = await strayEnvironments(sql, await provider("local").list(), await dataFolder.id());
  const unknown = strays.filter((stray) => stray.of !== "ended").map(({ id }) => id);
  if (unknown.length > 0)
    log.warn(
      { environments: unknown },
      "environments on disk that are unknown to this database, or of another data folder",
    );
  const ended = strays.filter((stray) => stray.of === "ended").map(({ id }) => id);
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
  const here = await isHere(services, row);
  const { folder, processes } = here ? await provider.remains(id) : { folder: false, processes: [] };
  if (folder) await keepStray(services, row);
  if (folder || processes.length > 0) await provider.terminate(id, row.repositoryUrl);
  const hasBranch = leaks.some((leak) => leak.environmentId === id && leak.kind === "branch");
  const change = hasBranch && row.changeId !== null ? await findChange(services.sql, row.changeId) : null;
  if (change !== null && !silent.has(change.repositoryUrl)) {
    await deleteBranch(services, change).catch((error: unknown) => {
      if (error instanceof RepositoryUnreachable) silent.add(change.repositoryUrl);
      throw error;
    });
  }
  if (here) services.log.info({ environment: id, left: await crossOut(services, row) }, "leaks removed");
}
