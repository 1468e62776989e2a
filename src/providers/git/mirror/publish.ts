import { BranchMovedOn } from "../../../domain/faults/git.ts";
import type { Checkout } from "../calls/checkout-git.ts";
import { git } from "../calls/git.ts";
import { pause } from "../calls/pause.ts";
import { headCommit } from "../checkout/checkout.ts";
import type { SubmoduleContext } from "../submodules/context.ts";
import { complete } from "./complete.ts";
import { importCommits } from "./import-commits.ts";
import type { Mirror } from "./mirror.ts";
import { push } from "./push.ts";
import { notePushed, wasPushed } from "./pushed.ts";
import { checkBranchName, listRemote } from "./remote.ts";
import { unpushedRef } from "./unpushed.ts";

/** A branch of a remote, and the checkout whose work goes there. */
export interface Publication {
  readonly checkout: Checkout;
  readonly branch: string;
  /** The checkout's HEAD when left out. */
  readonly commit?: string;
}

/**
 * Pushes a checkout's HEAD to a branch of the remote, by way of the mirror, so that no git that talks to a remote works in a
 * checkout. Its LFS objects and the commits of its submodules are pushed to their remotes first. Commits that others pushed to
 * the branch are never overwritten; those that we pushed and an agent has since amended or rebased are. Repeatable, also by two
 * workers at once. Returns the commit. Throws `BranchMovedOn`, `PushRefused`, `PushIncomplete`, `RepositoryUnreachable`,
 * `CheckoutBroken`.
 */
export async function publish(
  mirror: Mirror,
  { checkout, branch, commit: given }: Publication,
  context: SubmoduleContext,
  signal?: AbortSignal,
): Promise<string> {
  checkBranchName(branch);
  const commit = given ?? (await headCommit(checkout));
  await importCommits(mirror, checkout, [commit], signal);
  const publishSubmodule = (inner: Mirror, submodule: Checkout, link: string) =>
    publish(inner, { checkout: submodule, branch, commit: link }, context, signal);
  await complete(mirror, { checkout, commit }, context, publishSubmodule, signal);
  // Recorded before the push, so that after a crash the commit on the remote is known to be ours.
  await notePushed(mirror, branch, commit);
  for (let attempt = 1; attempt <= 5; attempt++) {
    if (await push(mirror, { commit, branch }, signal)) return await noteBranch(mirror, branch, commit);
    const there = (await listRemote(mirror, branch, signal)).branches.get(branch);
    if (there !== undefined) {
      if (!(await wasPushed(mirror, branch, there))) throw new BranchMovedOn(branch);
      if (await push(mirror, { commit, branch, over: there }, signal)) return await noteBranch(mirror, branch, commit);
    }
    // Refused although only our commits are there: another worker is pushing at this moment.
    await pause(100 * attempt, signal);
  }
  throw new BranchMovedOn(branch);
}

/** Updates the mirror's branch, as the next fetch would. */
async function noteBranch(mirror: Mirror, branch: string, commit: string): Promise<string> {
  const stdin = `update refs/remotes/origin/${branch} ${commit}\ndelete ${unpushedRef(branch)}\n`;
  // May fail: a fetch of another worker may be writing it.
  await git(["update-ref", "--stdin"], { gitDir: mirror.path, stdin });
  return commit;
}
