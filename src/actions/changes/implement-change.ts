import { type AgentUsage, noUsage } from "../../domain/agents/agent.ts";
import type { Change, Seen } from "../../domain/change.ts";
import { ChangeFailed } from "../../domain/faults/changes.ts";
import { fairlead } from "../../domain/identity.ts";
import type { ChangeId } from "../../domain/ids.ts";
import { workStands } from "../../domain/retry.ts";
import { oneLine, storable } from "../../domain/texts/text.ts";
import type { Environment } from "../../providers/environments/port.ts";
import { changedSince, commitAll, countCommitsSince, headCommit } from "../../providers/git/checkout/checkout.ts";
import { changeAsSeen, settleImplemented } from "../../store/changes.ts";
import { findChangeRun } from "../../store/runs/runs.ts";
import { findWorkspace } from "../../store/workspaces.ts";
import { agentProcess, runAgent } from "../agents/run-agent.ts";
import { waitOutLimit, waitsForReset } from "../agents/wait-out-limit.ts";
import { beginRound } from "../branches/begin-round.ts";
import { checkHistory } from "../branches/check-history.ts";
import { noteBlueprintChange } from "../branches/note-blueprint-change.ts";
import { type PublishedRound, publishRound } from "../branches/publish-round.ts";
import { pushWhile } from "../branches/push-while.ts";
import { rebaseRewritten } from "../branches/rebase-rewritten.ts";
import { openEnvironment, type Workplace } from "../environments/open-environment.ts";
import { interruptible } from "../interruptible.ts";
import { planWork, type Work } from "../runs/plan-work.ts";
import type { Services } from "../services.ts";
import { orFail } from "./fail-change.ts";

/** Lets the agent do the work on the branch, saves it on the remote, and hands over to the preview. */
export async function implementChange(services: Services, seen: Seen<string>, stopping: AbortSignal): Promise<void> {
  const change = await changeAsSeen(services.sql, seen as Seen<ChangeId>);
  if (change === null) return;
  await orFail(services, change, "agent", stopping, (noteSpent) => implement(services, change, stopping, noteSpent));
}

async function implement(
  services: Services,
  change: Change,
  stopping: AbortSignal,
  noteSpent: (usage: AgentUsage) => void,
): Promise<void> {
  const opened = await openEnvironment(services, change);
  const place = { ...opened, environment: interruptible(opened.environment, stopping) };
  const { environment, branchName, baseCommit } = place;
  if (workStands(change.lastFailure) && (await isThere(environment, change.headCommit, baseCommit))) {
    const head = await headCommit(environment);
    return await settleAsItStands(services, change, { headCommit: head, base: baseCommit });
  }
  if (await rebaseRewritten(services, change, place, stopping)) {
    return await settleAsItStands(services, change, await publishRound(services, change, place, stopping));
  }
  await beginRound(services, change, place);
  const work = await workOf(services, change, place, stopping);
  // When the change was cancelled meanwhile, the checkout is the clean-up's, which saves what is in it.
  if (work === null || (await changeAsSeen(services.sql, change)) === null) return;
  noteSpent(work.usage);
  await commitAll(environment, { message: oneLine(change.requestText), author: fairlead, branch: branchName });
  await checkHistory(services, change, place);
  const published = await publishRound(services, change, place, stopping);
  const { summary, session } = work.orFail();
  await checkChanged(environment, change, { ...published, summary });
  await noteBlueprintChange(services, change, { environment, base: published.base });
  await settleImplemented(services.sql, change, {
    headCommit: published.headCommit,
    baseCommit: published.base,
    summary: storable(summary),
    sessionId: session.id,
    usage: session.usage,
    sessionTotal: session.total,
  });
}

/** After a person asked for changes there has to be something new; before that, anything over the target branch. */
async function checkChanged(
  environment: Environment,
  { round, headCommit: last }: Change,
  { headCommit: head, base, summary }: PublishedRound & { readonly summary: string },
): Promise<void> {
  const isChanged = round > 1 ? head !== last : await changedSince(environment, base);
  if (isChanged) return;
  throw new ChangeFailed(
    "no_changes",
    `the agent made no changes. It said: ${oneLine(summary, 500) || "nothing"}. Ask for it in other words.`,
  );
}

/** Settles without an agent, where the work was done before or a rebase was enough. */
async function settleAsItStands(
  { sql }: Services,
  change: Change,
  { headCommit: head, base }: PublishedRound,
): Promise<void> {
  await settleImplemented(sql, change, {
    headCommit: head,
    baseCommit: base,
    summary: null,
    sessionId: null,
    usage: noUsage,
    sessionTotal: null,
  });
}

/** Whether the branch still has the work: commits of its own, or the very one that was approved and has landed since. */
async function isThere(environment: Environment, approved: string | null, base: string): Promise<boolean> {
  return (await headCommit(environment)) === approved || (await countCommitsSince(environment, base)) > 0;
}

/** A round goes on with what it began with, an agent or a plan, even if its workspace names the other meanwhile. */
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
    usage: outcome.session.usage,
    orFail() {
      if (outcome.state === "failed") throw new ChangeFailed("agent", outcome.message);
      return { summary: outcome.result.summary, session: outcome.session };
    },
  };
}
