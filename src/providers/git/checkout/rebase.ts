import { committerVariables } from "../../../domain/identity.ts";
import { type Checkout, gitIn } from "../calls/checkout-git.ts";

/**
 * Rebases the commits after `base` onto a target branch as it was fetched last. False when they conflict; the checkout is then as
 * before. Repeatable: a rebase that was done is not done again.
 */
export async function rebaseOnto(
  checkout: Checkout,
  { target, base }: { readonly target: string; readonly base: string },
): Promise<boolean> {
  const onto = `refs/remotes/origin/${target}`;
  const isDone = (await gitIn(checkout, ["merge-base", "--is-ancestor", onto, "HEAD"])).code === 0;
  const isBelow = (await gitIn(checkout, ["merge-base", "--is-ancestor", base, "HEAD"])).code === 0;
  if (isDone && !isBelow) return true;
  const variables = committerVariables("rebase");
  const args = ["rebase", "--quiet", "--no-verify", "--no-gpg-sign", "--rebase-merges", "--onto", onto, base];
  if ((await gitIn(checkout, args, { variables })).code === 0) return true;
  await gitIn(checkout, ["rebase", "--abort"]);
  return false;
}
