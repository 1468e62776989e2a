import { broken, type Checkout, gitIn } from "../calls/checkout-git.ts";

/** What was committed before a rebase is all on the branch it began from; half of it again is of no use to anybody. */
export async function endRebase(checkout: Checkout): Promise<void> {
  await gitIn(checkout, ["rebase", "--abort"]);
  await gitIn(checkout, ["am", "--quit"]);
  await gitIn(checkout, ["bisect", "reset"]);
}

export async function unmergedFiles(checkout: Checkout): Promise<string[]> {
  const ran = await gitIn(checkout, ["diff", "--name-only", "-z", "--diff-filter=U"]);
  return ran.code === 0 ? ran.stdout.split("\0").filter((name) => name !== "") : [];
}

export async function isAnythingStaged(checkout: Checkout): Promise<boolean> {
  const staged = await gitIn(checkout, ["diff", "--cached", "--quiet", "--no-ext-diff"]);
  if (staged.code !== 0 && staged.code !== 1) throw broken("compare", staged);
  if (staged.code === 1) return true;
  return (await gitIn(checkout, ["rev-parse", "--quiet", "--verify", "MERGE_HEAD"])).code === 0;
}
