import { noUsage } from "../domain/agent.ts";
import type { Change, Seen } from "../domain/change.ts";
import { ChangeFailed } from "../domain/faults/changes.ts";
import { EnvironmentGone } from "../domain/faults/environments.ts";
import { DatabaseUnavailable } from "../domain/faults/kernel.ts";
import { fairlead } from "../domain/identity.ts";
import type { ChangeId } from "../domain/ids.ts";
import { workStands } from "../domain/retry.ts";
import { oneLine, storable } from "../domain/text.ts";
import type { Environment } from "../providers/environments/port.ts";
import { changedSince, commitAll, countCommitsSince, headCommit } from "../providers/git/checkout/checkout.ts";
import { changeAsSeen, settleImplemented } from "../store/changes.ts";
import { isPresent } from "../store/resources.ts";
import { findChangeRun } from "../store/runs.ts";
import { faultOf } from "../store/sql.ts";
import { findWorkspace } from "../store/workspaces.ts";
import { orFail } from "./fail-change.ts";
import { interruptible } from "./interruptible.ts";
import { openEnvironment, type Workplace } from "./open-environment.ts";
import { patiently } from "./patiently.ts";
import { planWork, type Work } from "./plan-work.ts";
import { pushWhile } from "./push-while.ts";
import { agentProcess, runAgent } from "./run-agent.ts";
import { saveBranch } from "./save-branch.ts";
import type { Services } from "./services.ts";
import { waitOutLimit, waitsForReset } from "./wait-out-limit.ts";

/** Lets the agent do the work on the branch, saves it on the remote, and hands over to the preview. */
export async function implementChange(services: Services, seen: Seen<string>, stopping: AbortSignal): Promise<void> {
  const change = await changeAsSeen(services.sql, seen as Seen<ChangeId>);
  if (change === null) return;
  await orFail(services, change, "agent", stopping, () => implement(services, change, stopping));
}

async function implement(services: Services, change: Change, stopping: AbortSignal): Promise<void> {
  const place = await openEnvironment(services, change);
  const { branchName, baseCommit } = place;
  const environment = interruptible(place.environment, stopping);
  if (workStands(change.lastFailure) && (await isThere(environment, change.headCommit, baseCommit))) {
    await settleImplemented(services.sql, change, {
      headCommit: await headCommit(environment),
      summary: null,
      sessionId: null,
      usage: noUsage,
      sessionTotal: null,
    });
    return;
  }
  const work = await workOf(services, change, { ...place, environment }, stopping);
  // Somebody cancelled it meanwhile: the checkout is the clean-up's now, which saves what is in it.
  if (work === null || (await changeAsSeen(services.sql, change)) === null) return;
  await commitAll(environment, { message: oneLine(change.requestText), author: fairlead });
  // Where all was undone that had been pushed while the agent worked, it is undone on the remote as well.
  const branch = { kind: "branch", name: branchName } as const;
  if (
    (await countCommitsSince(environment, baseCommit)) > 0 ||
    (await isPresent(services.sql, environment.id, branch))
  ) {
    await push(services, change, { branchName, environment }, stopping);
  }
  const { summary, session } = work.orFail();
  const head = await headCommit(environment);
  // After a person asked for changes there has to be something new; before that, anything over the target branch.
  const changed = change.round > 1 ? head !== change.headCommit : await changedSince(environment, baseCommit);
  if (!changed) {
    throw new ChangeFailed(
      "no_changes",
      `the agent made no changes. It said: ${oneLine(summary, 500) || "nothing"}. Ask for it in other words.`,
      session.usage,
    );
  }
  await settleImplemented(services.sql, change, {
    headCommit: head,
    summary: storable(summary),
    sessionId: session.id,
    usage: session.usage,
    sessionTotal: session.total,
  });
}

/** Whether the branch still has the work: commits of its own, or the very one that was approved and has landed since. */
async function isThere(environment: Environment, approved: string | null, base: string): Promise<boolean> {
  return (await headCommit(environment)) === approved || (await countCommitsSince(environment, base)) > 0;
}

/** Whoever has begun goes on, also when the workspace names another now. */
async function isForPlan({ sql }: Services, change: Change, environment: Environment): Promise<boolean> {
  if ((await findChangeRun(sql, change)) !== null) return true;
  const workspace = await findWorkspace(sql, change.workspace);
  return workspace?.planId != null && (await environment.adopt(agentProcess(change))).state === "absent";
}

/** What has been done in the environment; null as long as it is not over. */
async function workOf(
  services: Services,
  change: Change,
  place: Workplace,
  stopping: AbortSignal,
): Promise<Work | null> {
  const { environment } = place;
  if (await isForPlan(services, change, environment)) return await planWork(services, change);
  if (await waitsForReset(services, change, environment)) return null;
  const outcome = await pushWhile(services, change, place, () => runAgent(services, change, environment, stopping));
  if (outcome.state === "limited") {
    if ((await changeAsSeen(services.sql, change)) !== null) await waitOutLimit(services, change, outcome);
    return null;
  }
  return {
    orFail() {
      if (outcome.state === "failed") throw new ChangeFailed("agent", outcome.message, outcome.session.usage);
      return { summary: outcome.result.summary, session: outcome.session };
    },
  };
}

async function push(
  services: Services,
  change: Change,
  { branchName, environment }: { branchName: string; environment: Environment },
  stopping: AbortSignal,
): Promise<void> {
  const { sql, log, limits } = services;
  const late = AbortSignal.timeout(limits.mergeMs);
  const stillWanted = async () => (await changeAsSeen(sql, change)) !== null;
  const owner = { environmentId: environment.id, changeId: change.id };
  const target = { branch: branchName, url: change.repositoryUrl };
  try {
    await patiently({ log, late, stopping, stillWanted }, () => saveBranch(sql, owner, environment, target));
  } catch (error) {
    const isOthers = error instanceof EnvironmentGone || faultOf(error) instanceof DatabaseUnavailable;
    if (stopping.aborted || isOthers) throw error;
    const why = `the branch ${target.branch} could not be pushed: ${(error as Error).message}`;
    throw new ChangeFailed("environment", why);
  }
}
