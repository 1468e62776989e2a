import { setTimeout as delay } from "node:timers/promises";
import type { Change } from "../../domain/change.ts";
import { countCommitsSince, headCommit } from "../../providers/git/checkout/checkout.ts";
import { rewrittenBelow } from "../../providers/git/checkout/history.ts";
import type { Workplace } from "../environments/open-environment.ts";
import { interruptible } from "../interruptible.ts";
import type { Services } from "../services.ts";
import { saveBranch } from "./save-branch.ts";

/**
 * Pushes the agent's new commits again and again while it works, so that an environment that is lost costs no more than
 * what came since. What can't be pushed now is pushed later, or complained of when the agent is done.
 */
export async function pushWhile<Result>(
  services: Services,
  change: Change,
  place: Workplace,
  work: () => Promise<Result>,
): Promise<Result> {
  const over = new AbortController();
  const pushing = pushAgainAndAgain(services, change, place, over.signal);
  try {
    return await work();
  } finally {
    over.abort();
    await pushing;
  }
}

async function pushAgainAndAgain(
  services: Services,
  change: Change,
  { environment, branchName, targetBranch, baseCommit }: Workplace,
  over: AbortSignal,
): Promise<void> {
  const { log, limits } = services;
  const checkout = interruptible(environment, over);
  let pushed = change.headCommit;
  for (;;) {
    try {
      await delay(limits.pushMs, undefined, { signal: over });
      const head = await headCommit(checkout);
      if (head === pushed || (await countCommitsSince(checkout, baseCommit)) === 0) continue;
      // Rewritten commits of the target are not pushed. `checkHistory` fails the change for them when the agent is done.
      if ((await rewrittenBelow(checkout, { base: baseCommit, target: targetBranch })).length > 0) continue;
      await saveBranch(services, change, checkout, { branch: branchName, signal: over });
      pushed = head;
      log.info({ head }, "agent's commits pushed");
    } catch (error) {
      if (over.aborted) return;
      log.warn({ err: error }, "agent's commits could not be pushed yet");
    }
  }
}
