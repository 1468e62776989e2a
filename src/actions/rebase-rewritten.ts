import type { Change } from "../domain/change.ts";
import { rebaseOnto } from "../providers/git/checkout/rebase.ts";
import type { Workplace } from "./open-environment.ts";
import { repositoryOf } from "./repository-of.ts";
import type { Services } from "./services.ts";

/**
 * Puts the change's own commits onto its target where the target's history was rewritten since the branch began, and a
 * person has asked for a retry. False when that is not so, or when they don't fit there: then the agent is told to do it.
 */
export async function rebaseRewritten(
  services: Services,
  change: Change,
  { environment, targetBranch }: Workplace,
  stopping: AbortSignal,
): Promise<boolean> {
  const { lastFailure, baseCommit } = change;
  if (lastFailure?.kind !== "rewritten" || baseCommit === null) return false;
  const repository = await repositoryOf(services, change);
  await repository.fetchLfs(environment, targetBranch, stopping);
  const isRebased = await rebaseOnto(environment, { target: targetBranch, base: baseCommit });
  services.log.info({ isRebased, base: baseCommit }, "branch rebased onto its rewritten target");
  return isRebased;
}
