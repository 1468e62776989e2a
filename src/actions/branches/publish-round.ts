import type { Change } from "../../domain/change.ts";
import { ChangeFailed } from "../../domain/faults/changes.ts";
import { EnvironmentGone } from "../../domain/faults/environments.ts";
import { DatabaseUnavailable } from "../../domain/faults/kernel.ts";
import { countCommitsSince, headCommit } from "../../providers/git/checkout/checkout.ts";
import { commitsMade } from "../../providers/git/checkout/history.ts";
import type { CommitLine, Standing } from "../../providers/git/port.ts";
import { changeAsSeen, listMergedHeads } from "../../store/changes.ts";
import { addNotice } from "../../store/notices.ts";
import { isPresent } from "../../store/resources.ts";
import { faultOf } from "../../store/sql.ts";
import type { Workplace } from "../environments/open-environment.ts";
import { retryUnreachable } from "../retry-unreachable.ts";
import type { Services } from "../services.ts";
import { saveBranch } from "./save-branch.ts";

/** A round's result as it was pushed. */
export interface PublishedRound {
  readonly headCommit: string;
  /** What the branch is compared with: its merge base with the target, or the later commit that it began with. */
  readonly base: string;
}

/**
 * Pushes the result of a round, and compares the branch with its target. Throws `ChangeFailed` when it can't be pushed, or when
 * an agent has pushed to the target itself.
 */
export async function publishRound(
  services: Services,
  change: Change,
  place: Workplace,
  stopping: AbortSignal,
): Promise<PublishedRound> {
  const { sql, log, limits } = services;
  const late = AbortSignal.timeout(limits.mergeMs);
  const stillWanted = async () => (await changeAsSeen(sql, change)) !== null;
  const found = await retryUnreachable({ log, late, stopping, stillWanted }, () =>
    publish(services, change, place, AbortSignal.any([late, stopping])),
  ).catch((error: unknown) => {
    const isOthers = error instanceof EnvironmentGone || faultOf(error) instanceof DatabaseUnavailable;
    if (stopping.aborted || isOthers) throw error;
    const why = `the branch ${place.branchName} could not be pushed: ${(error as Error).message}`;
    throw new ChangeFailed("environment", why);
  });
  const { unapproved, unexplained } = found;
  if (unexplained.length > 0) {
    const text = `commits of an agent, maybe of another change, are on ${place.targetBranch} though they were not approved`;
    await addNotice(sql, change.id, "landed_unapproved", `${text}: ${listed(unexplained)}`);
  }
  if (unapproved.length > 0) {
    const text = `commits of its agent are on ${place.targetBranch} though they were not approved: ${listed(unapproved)}`;
    await addNotice(sql, change.id, "landed_unapproved", text);
    throw new ChangeFailed("agent", `${text}. Revert them there or leave them, then retry.`);
  }
  return found;
}

async function publish(
  services: Services,
  change: Change,
  place: Workplace,
  signal: AbortSignal,
): Promise<PublishedRound & Standing> {
  const { environment, branchName, targetBranch, baseCommit } = place;
  const isPushed = () => isPresent(services.sql, environment.id, { kind: "branch", name: branchName });
  // Also without commits of its own where the branch was pushed before: the agent has undone its commits since.
  const isToPush = (await countCommitsSince(environment, baseCommit)) > 0 || (await isPushed());
  const head = isToPush
    ? await saveBranch(services, change, environment, { branch: branchName, signal })
    : await headCommit(environment);
  const request = {
    branch: branchName,
    headCommit: head,
    targetBranch,
    baseCommit,
    made: await commitsMade(environment),
    shown: [
      ...(change.headCommit === null ? [] : [change.headCommit]),
      ...(await listMergedHeads(services.sql, change.repositoryUrl)),
    ],
  };
  return { headCommit: head, ...(await services.repository(change.repositoryUrl).standing(request, signal)) };
}

/** Commits for a message: short names with their subjects, at most five. */
export function listed(commits: readonly CommitLine[]): string {
  return commits
    .slice(0, 5)
    .map(({ commit, subject }) => `${commit.slice(0, 10)} “${subject.slice(0, 80)}”`)
    .concat(commits.length > 5 ? [`and ${commits.length - 5} more`] : [])
    .join(", ");
}
