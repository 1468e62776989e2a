import { broken, type Checkout, gitIn } from "../calls/checkout-git.ts";
import { checkBranchName } from "../mirror/remote.ts";
import { headCommit } from "./checkout.ts";

/**
 * The commit where the checkout's branch left the target branch, as last fetched. `known` is that commit as it was recorded
 * before: after the target was rewritten it is not in the target any more, but still separates the branch's own commits from
 * the target's. Throws `CheckoutBroken`.
 */
export async function forkPoint(checkout: Checkout, targetBranch: string, known: string | null): Promise<string> {
  checkBranchName(targetBranch);
  const found = await gitIn(checkout, ["merge-base", `refs/remotes/origin/${targetBranch}`, "HEAD"]);
  if (found.code !== 0 && found.code !== 1) throw broken("compare with the target", found);
  const common = found.stdout.trim();
  // Its whole history was rewritten, so the two have nothing in common any more.
  if (common === "") return known ?? (await headCommit(checkout));
  if (known === null) return common;
  const isLater = (await isAncestor(checkout, common, known)) && (await isAncestor(checkout, known, "HEAD"));
  return isLater ? known : common;
}

async function isAncestor(checkout: Checkout, older: string, newer: string): Promise<boolean> {
  const args = ["merge-base", "--is-ancestor", "--end-of-options", older, newer];
  return (await gitIn(checkout, args)).code === 0;
}
