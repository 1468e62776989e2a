import type { Change, Seen } from "../../domain/change.ts";
import { ChangeFailed } from "../../domain/faults/changes.ts";
import { RepositoryUnreachable } from "../../domain/faults/git.ts";
import { fairlead } from "../../domain/identity.ts";
import type { ChangeId } from "../../domain/ids.ts";
import { oneLine } from "../../domain/texts/text.ts";
import type { MergeRequest } from "../../providers/git/port.ts";
import { changeAsSeen, noteLanded, settleMerged } from "../../store/changes.ts";
import { listed } from "../branches/publish-round.ts";
import { retryUnreachable } from "../retry-unreachable.ts";
import type { Services } from "../services.ts";
import { repositoryOf } from "../workspaces/repository-of.ts";
import { orFail } from "./fail-change.ts";

/** Merges the commit that was approved into the target branch as it stands now. */
export async function mergeChange(services: Services, seen: Seen<string>, stopping: AbortSignal): Promise<void> {
  const change = await changeAsSeen(services.sql, seen as Seen<ChangeId>);
  if (change === null) return;
  await orFail(services, change, "merge", stopping, () => merge(services, change, stopping));
}

async function merge(services: Services, change: Change, stopping: AbortSignal): Promise<void> {
  const { branchName, targetBranch, headCommit, baseCommit } = change;
  if (branchName === null || targetBranch === null || headCommit === null || baseCommit === null) {
    throw new Error(`change ${change.id} is merging but was never implemented`);
  }
  const { sql, log, limits } = services;
  const late = AbortSignal.timeout(limits.mergeMs);
  const stillWanted = async () => (await changeAsSeen(sql, change)) !== null;
  const repository = await repositoryOf(services, change);
  const request: MergeRequest = {
    branch: branchName,
    targetBranch,
    headCommit,
    baseCommit,
    changeId: change.id,
    title: oneLine(change.requestText),
    author: fairlead,
    stillWanted,
  };
  const merged = await retryUnreachable({ log, late, stopping, stillWanted }, () =>
    repository.merge(request, AbortSignal.any([late, stopping])),
  ).catch((error: unknown) => {
    if (!late.aborted || stopping.aborted || error instanceof RepositoryUnreachable) throw error;
    throw new ChangeFailed("timeout", `merging took longer than ${limits.mergeMs / 1000} s; retry`);
  });
  if (merged.state === "conflict") {
    throw new ChangeFailed(
      "conflict",
      `it conflicts with ${targetBranch} in ${merged.files.join(", ")}. Retry lets the agent resolve it on the branch.`,
    );
  }
  if (merged.state === "rewritten") {
    throw new ChangeFailed(
      "rewritten",
      `the history of ${targetBranch} was rewritten since the branch began, and merging it would bring back ` +
        `${listed(merged.commits)}. Retry puts its own commits onto ${targetBranch} as it is now; a person may also merge it by hand.`,
    );
  }
  if (merged.state === "not wanted" || (await settleMerged(sql, change, merged.commit))) return;
  // Cancelled while the push was under way: the commit is there, so the row has to say so.
  await noteLanded(sql, change.id, merged.commit);
  log.warn({ commit: merged.commit }, "merge landed after the change was cancelled");
}
