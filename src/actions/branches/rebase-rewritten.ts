import type { Change } from "../../domain/change.ts";
import { rebaseOnto } from "../../providers/git/checkout/rebase.ts";
import type { Workplace } from "../environments/open-environment.ts";
import type { Services } from "../services.ts";
import { repositoryOf } from "../workspaces/repository-of.ts";

/**
 * Rebases the change's own commits onto its target, in a retry after the merge was refused because the target's history was
 * rewritten. False when this is no such retry, or the commits conflict: the prompt then asks the agent to rebase.
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
