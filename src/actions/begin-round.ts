import type { Change } from "../domain/change.ts";
import { bringBack, putBack } from "../providers/git/checkout/put-back.ts";
import { hasBegun } from "./has-begun.ts";
import type { Workplace } from "./open-environment.ts";
import { previewProcess } from "./open-preview.ts";
import type { Services } from "./services.ts";

/**
 * Prepares the checkout for this round's work: what the preview of the last round wrote is no part of the change, so that
 * preview is stopped and the checkout is brought back to the commit that it showed. Does nothing once the work has begun.
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
  await putBack(environment, { branch: branchName, commit: headCommit });
}

/** Lets the preview go on with the files that earlier ones wrote, such as a database, once the round's work is done. */
export async function endRound({ round, headCommit }: Change, { environment }: Workplace): Promise<void> {
  if (round > 1 && headCommit !== null) await bringBack(environment, headCommit);
}
