import { type Checkout, gitIn, gitOutputIn } from "../calls/checkout-git.ts";

/**
 * Brings a clean checkout back to the change's branch with all that the agent committed, also where it did so on a
 * branch of its own, on none, or on two that went apart.
 */
export async function returnToBranch(
  checkout: Checkout,
  branch: string,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const ref = `refs/heads/${branch}`;
  if ((await gitIn(checkout, ["symbolic-ref", "--quiet", "HEAD"])).stdout.trim() === ref) return;
  const onBranch = (await gitIn(checkout, ["rev-parse", "--verify", "--quiet", ref])).code === 0;
  if (onBranch && (await isIncluded(checkout, ref))) return await checkOut(checkout, [branch]);
  if (onBranch && !(await isAncestor(checkout, ref, "HEAD"))) await mergeIn(checkout, ref, variables);
  await checkOut(checkout, ["-B", branch]);
}

/** Whether HEAD holds no work of the agent's: the branch has it all, or the remote does. */
async function isIncluded(checkout: Checkout, ref: string): Promise<boolean> {
  if (await isAncestor(checkout, "HEAD", ref)) return true;
  if (await isAncestor(checkout, ref, "HEAD")) return false;
  const args = ["for-each-ref", "--count=1", "--contains=HEAD", "refs/remotes/origin/"];
  return (await gitOutputIn(checkout, args)) !== "";
}

/** Where the two don't merge, what the agent had before it last stands, and the other stays in the history. */
async function mergeIn(checkout: Checkout, ref: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const merge = ["merge", "--quiet", "--no-edit", "--no-verify", "--no-gpg-sign", "--allow-unrelated-histories"];
  if ((await gitIn(checkout, [...merge, ref], { variables })).code === 0) return;
  await gitIn(checkout, ["merge", "--abort"]);
  await gitOutputIn(checkout, [...merge, "--strategy=ours", ref], { variables });
}

async function checkOut(checkout: Checkout, args: readonly string[]): Promise<void> {
  await gitOutputIn(checkout, ["checkout", "--quiet", "--ignore-other-worktrees", ...args, "--"]);
}

async function isAncestor(checkout: Checkout, older: string, newer: string): Promise<boolean> {
  return (await gitIn(checkout, ["merge-base", "--is-ancestor", older, newer])).code === 0;
}
