import type { AgentOutcome, AgentUsage } from "../domain/agent.ts";
import type { Change, Seen } from "../domain/change.ts";
import { ChangeFailed } from "../domain/faults/changes.ts";
import { fairlead } from "../domain/identity.ts";
import type { ChangeId } from "../domain/ids.ts";
import { workStands } from "../domain/retry.ts";
import { oneLine, storable } from "../domain/text.ts";
import type { Environment } from "../providers/environments/port.ts";
import { changedSince, commitAll, countCommitsSince, headCommit, pushBranch } from "../providers/git/checkout.ts";
import { changeAsSeen, settleImplemented } from "../store/changes.ts";
import { orFail } from "./fail-change.ts";
import { openEnvironment } from "./open-environment.ts";
import { runAgent } from "./run-agent.ts";
import type { Services } from "./services.ts";

const nothingSpent: AgentUsage = { costUsd: 0, inputTokens: 0, outputTokens: 0 };

/** Lets the agent do the work on the branch, saves it on the remote, and hands over to the preview. */
export async function implementChange(services: Services, seen: Seen<string>, stopping: AbortSignal): Promise<void> {
  const change = await changeAsSeen(services.sql, seen as Seen<ChangeId>);
  if (change === null) return;
  await orFail(services, change, "agent", stopping, () => implement(services, change, stopping));
}

async function implement(services: Services, change: Change, stopping: AbortSignal): Promise<void> {
  const { environment, branchName, baseCommit } = await openEnvironment(services, change);
  if (workStands(change.lastFailure) && (await isThere(environment, change.headCommit, baseCommit))) {
    await settleImplemented(services.sql, change, {
      headCommit: await headCommit(environment),
      summary: null,
      sessionId: null,
      usage: nothingSpent,
      sessionTotal: null,
    });
    return;
  }
  const outcome = await runAgent(services, change, environment, stopping);
  // Somebody cancelled it meanwhile: the checkout is the clean-up's now, which saves what is in it.
  if ((await changeAsSeen(services.sql, change)) === null) return;
  await commitAll(environment, { message: oneLine(change.requestText), author: fairlead });
  if (change.round > 1 || (await countCommitsSince(environment, baseCommit)) > 0) {
    await push(environment, { branch: branchName, url: change.repositoryUrl });
  }
  const { result, session } = done(outcome);
  const head = await headCommit(environment);
  // After a person asked for changes there has to be something new; before that, anything over the target branch.
  const changed = change.round > 1 ? head !== change.headCommit : await changedSince(environment, baseCommit);
  if (!changed) {
    throw new ChangeFailed(
      "no_changes",
      `the agent made no changes. It said: ${oneLine(result.summary, 500) || "nothing"}. Ask for it in other words.`,
      session.usage,
    );
  }
  await settleImplemented(services.sql, change, {
    headCommit: head,
    summary: storable(result.summary),
    sessionId: session.id,
    usage: session.usage,
    sessionTotal: session.total,
  });
}

/** Whether the branch still has the work: commits of its own, or the very one that was approved and has landed since. */
async function isThere(environment: Environment, approved: string | null, base: string): Promise<boolean> {
  return (await headCommit(environment)) === approved || (await countCommitsSince(environment, base)) > 0;
}

/** The outcome of an agent that did its work; any other fails the change. */
function done(outcome: AgentOutcome<"code">): Extract<AgentOutcome<"code">, { state: "done" }> {
  switch (outcome.state) {
    case "done":
      return outcome;
    case "failed":
      throw new ChangeFailed("agent", outcome.message, outcome.session.usage);
    case "limited": {
      const until = new Date(outcome.resetsAt).toISOString();
      throw new ChangeFailed("agent", `${outcome.message} Retry after ${until}.`, outcome.session.usage);
    }
  }
}

async function push(environment: Environment, target: { branch: string; url: string }): Promise<void> {
  try {
    await pushBranch(environment, target);
  } catch (error) {
    throw new ChangeFailed(
      "environment",
      `the branch ${target.branch} could not be pushed: ${(error as Error).message}`,
    );
  }
}
