import { CheckoutBroken } from "../../../domain/faults/git.ts";
import { authorVariables } from "../../../domain/identity.ts";
import { broken, type Checkout, gitIn, gitOutputIn } from "../calls/checkout-git.ts";
import { pause } from "../calls/pause.ts";
import { isCommitName } from "../mirror/commits.ts";
import { submodulesIn } from "../submodules/in-checkout.ts";
import { returnToBranch } from "./return-to-branch.ts";
import { stageAll } from "./stage-all.ts";
import { endPicks, endRebase, isAnythingStaged, operationsIn, unmergedFiles } from "./unfinished.ts";

export interface CommitRequest {
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string };
  /** The branch that the checkout was made for, which an agent may have left; null for a submodule, which has none. */
  readonly branch: string | null;
}

/** The commit the checkout stands at. Throws `CheckoutBroken`. */
export async function headCommit(checkout: Checkout): Promise<string> {
  return await gitOutputIn(checkout, ["rev-parse", "--verify", "HEAD^{commit}"]);
}

/**
 * Commits what an agent left uncommitted, new files too and ignored ones never, also in submodules, and brings the
 * checkout back to the branch it was made for. A worker that was believed dead may be doing the same in this checkout, so a
 * failure is retried: where the other was faster, nothing is left to do. Returns whether there was something to commit. Throws
 * `CheckoutBroken`.
 */
export async function commitAll(checkout: Checkout, request: CommitRequest): Promise<boolean> {
  // Submodules first, because what is staged of one is the commit at its HEAD.
  for (const submodule of await submodulesIn(checkout)) await commitAll(submodule, { ...request, branch: null });
  for (let attempt = 1; ; attempt++) {
    try {
      return await commitOnce(checkout, request);
    } catch (error) {
      if (!(error instanceof CheckoutBroken) || attempt === 3) throw error;
      await pause(300);
    }
  }
}

async function commitOnce(checkout: Checkout, request: CommitRequest): Promise<boolean> {
  const variables = authorVariables(request.author);
  const underWay = await operationsIn(checkout);
  await endRebase(checkout, underWay, variables);
  const unmerged = await unmergedFiles(checkout);
  await stageAll(checkout);
  const anything = await isAnythingStaged(checkout);
  if (anything) {
    // What a person will see has markers in it, so the commit says why.
    const note = unmerged.length === 0 ? "" : `\n\nThe agent left these unmerged: ${unmerged.join(", ")}`;
    const stdin = `${request.message.replaceAll("\0", "").trim() || "Change"}${note}\n`;
    const args = ["commit", "--quiet", "--no-verify", "--no-gpg-sign", "--cleanup=whitespace", "-F", "-"];
    await gitOutputIn(checkout, args, { stdin, variables });
  }
  await endPicks(checkout, underWay);
  if (request.branch !== null) await returnToBranch(checkout, request.branch, variables);
  return anything;
}

/** How many commits the checkout is ahead of one. */
export async function countCommitsSince(checkout: Checkout, base: string): Promise<number> {
  return Number(await gitOutputIn(checkout, ["rev-list", "--count", `${commitName(base)}..HEAD`]));
}

/** Whether what is committed differs from a commit, however many commits that took. */
export async function changedSince(checkout: Checkout, base: string): Promise<boolean> {
  const ran = await gitIn(checkout, ["diff", "--quiet", "--no-ext-diff", commitName(base), "HEAD", "--"]);
  if (ran.code !== 0 && ran.code !== 1) throw broken("compare", ran);
  return ran.code === 1;
}

function commitName(text: string): string {
  if (!isCommitName(text)) throw new CheckoutBroken("compare", `"${text}" is not the full name of a commit`);
  return text;
}
