import type { Change } from "../../domain/change.ts";
import { ChangeFailed } from "../../domain/faults/changes.ts";
import { rewrittenBelow } from "../../providers/git/checkout/history.ts";
import type { Workplace } from "../environments/open-environment.ts";
import type { Services } from "../services.ts";
import { listed } from "./publish-round.ts";

/**
 * Throws `ChangeFailed` when an agent has rewritten commits of the target below its branch. The branch is not pushed then:
 * the clean-up saves the rewritten one under another name, and a retry begins from the branch as it was pushed last.
 */
export async function checkHistory(
  services: Services,
  change: Change,
  { environment, targetBranch, baseCommit }: Workplace,
): Promise<void> {
  const rewritten = await rewrittenBelow(environment, { base: baseCommit, target: targetBranch });
  if (rewritten.length === 0) return;
  services.log.warn({ change: change.id, rewritten }, "agent rewrote commits of the target");
  throw new ChangeFailed(
    "agent",
    `the agent rewrote commits of ${targetBranch} that the branch began with: ${listed(rewritten)}. Merged, they would ` +
      "be there twice. Retry: it begins again from the commits as they were.",
  );
}
