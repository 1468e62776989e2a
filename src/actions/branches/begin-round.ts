import type { Change } from "../../domain/change.ts";
import { putBack } from "../../providers/git/checkout/put-back.ts";
import { previewProcess } from "../changes/open-preview.ts";
import type { Workplace } from "../environments/open-environment.ts";
import type { Services } from "../services.ts";
import { hasBegun } from "./has-begun.ts";

/**
 * Prepares the checkout for this round's work: stops the previews of earlier rounds, and resets the checkout to the commit
 * that the last one showed, because files that a preview wrote are no part of the change. Does nothing once the work has
 * begun.
 */
export async function beginRound(
  services: Services,
  change: Change,
  { environment, branchName }: Workplace,
): Promise<void> {
  const { round, headCommit } = change;
  if (round === 1 || headCommit === null || (await hasBegun(services, change, environment))) return;
  for (let earlier = 1; earlier < round; earlier += 1) {
    await environment.stop(previewProcess({ round: earlier }), services.limits.graceMs);
  }
  await putBack(environment, { branch: branchName, commit: headCommit, aside: previewFiles(change) });
}

/** The name of the folder that keeps what earlier previews wrote while a round's agent works. */
export const previewFiles = ({ round }: Pick<Change, "round">): string => `round-${round}`;
