import { broken, type Checkout, gitDirOf, gitIn } from "../calls/checkout-git.ts";

/** What was committed before a rebase is all on the branch it began from; half of it again is of no use to anybody. */
export async function endRebase(checkout: Checkout): Promise<void> {
  const names = await namesIn(checkout);
  const isUnderWay = names.has("rebase-merge") || names.has("rebase-apply");
  if (isUnderWay) await gitIn(checkout, ["rebase", "--abort"]);
  if (isUnderWay) await gitIn(checkout, ["am", "--quit"]);
  if (names.has("BISECT_LOG") || names.has("BISECT_START")) await gitIn(checkout, ["bisect", "reset"]);
}

/** The rest of a row of picks that stopped half-way is given up; what it had done is in the checkout. */
export async function endPicks(checkout: Checkout): Promise<void> {
  const names = await namesIn(checkout);
  if (["sequencer", "CHERRY_PICK_HEAD", "REVERT_HEAD"].some((name) => names.has(name))) {
    await gitIn(checkout, ["cherry-pick", "--quit"]);
  }
}

/** Of the files in its `.git`, by which git knows what is under way: looking takes a fraction of what asking git does. */
async function namesIn(checkout: Checkout): Promise<Set<string>> {
  const ran = await checkout.run(["ls", "-A", "--", gitDirOf(checkout)], { timeoutMs: 30_000 });
  if (ran.code !== 0) throw broken("look at what is under way", ran);
  return new Set(ran.stdout.split("\n"));
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
