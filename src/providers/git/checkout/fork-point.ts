import { type Checkout, gitOutputIn } from "../calls/checkout-git.ts";
import { checkBranchName } from "../mirror/remote.ts";

/** The commit where the checkout's branch left the target branch, as last fetched. Throws `CheckoutBroken`. */
export async function forkPoint(checkout: Checkout, targetBranch: string): Promise<string> {
  checkBranchName(targetBranch);
  return await gitOutputIn(checkout, ["merge-base", `refs/remotes/origin/${targetBranch}`, "HEAD"]);
}
