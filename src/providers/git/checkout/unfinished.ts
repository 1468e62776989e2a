import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { broken, type Checkout, gitDirOf, gitIn, gitOutputIn } from "../calls/checkout-git.ts";
import { stageAll } from "./stage-all.ts";

type Variables = Readonly<Record<string, string>>;

/** The names of the files in a checkout's `.git`, which tell what git operations are in progress: faster than asking git. */
export async function operationsIn(checkout: Checkout): Promise<ReadonlySet<string>> {
  const ran = await checkout.run(["ls", "-A", "--", gitDirOf(checkout)], { timeoutMs: 30_000 });
  if (ran.code !== 0) throw broken("look at what is under way", ran);
  return new Set(ran.stdout.split("\n"));
}

/**
 * Ends a rebase that stopped half-way, and a bisection. The commits from before the rebase are all on the branch that it began
 * from. What was edited since it stopped is committed where it stands, so that it is not lost, and brought to that branch.
 */
export async function endRebase(checkout: Checkout, names: ReadonlySet<string>, variables: Variables): Promise<void> {
  if (names.has("rebase-merge") || names.has("rebase-apply")) {
    const edited = await commitEdited(checkout, variables);
    await gitIn(checkout, ["rebase", "--abort"]);
    await gitIn(checkout, ["am", "--quit"]);
    if (edited !== null) await bringOver(checkout, edited, variables);
  }
  if (names.has("BISECT_LOG") || names.has("BISECT_START")) await gitIn(checkout, ["bisect", "reset"]);
}

async function commitEdited(checkout: Checkout, variables: Variables): Promise<string | null> {
  for (const path of await unmergedFiles(checkout)) {
    // Half of a merge is nobody's work; the branch has both sides.
    if (await hasMarkers(join(checkout.checkout, path))) {
      await gitIn(checkout, ["checkout", "--quiet", "--force", "HEAD", "--", `:(top,literal)${path}`]);
    }
  }
  await stageAll(checkout);
  if (!(await isAnythingStaged(checkout))) return null;
  const args = ["commit", "--quiet", "--no-verify", "--no-gpg-sign", "-m", "Edited in a rebase that was not finished"];
  await gitOutputIn(checkout, args, { variables });
  return await gitOutputIn(checkout, ["rev-parse", "--verify", "HEAD"]);
}

async function hasMarkers(path: string): Promise<boolean> {
  const text = await readFile(path, "latin1").catch(() => "");
  return /^<{7} /m.test(text) && /^>{7} /m.test(text);
}

/** As uncommitted changes. Where they don't fit, the commit stays, and the clean-up saves it beside the branch. */
async function bringOver(checkout: Checkout, commit: string, variables: Variables): Promise<void> {
  const args = ["cherry-pick", "--no-commit", "--strategy-option=theirs", commit];
  if ((await gitIn(checkout, args, { variables })).code === 0) return;
  await gitOutputIn(checkout, ["reset", "--quiet", "--hard", "HEAD"]);
}

/** The rest of a row of picks that stopped half-way is given up; what it had done is in the checkout. */
export async function endPicks(checkout: Checkout, names: ReadonlySet<string>): Promise<void> {
  if (["sequencer", "CHERRY_PICK_HEAD", "REVERT_HEAD"].some((name) => names.has(name))) {
    await gitIn(checkout, ["cherry-pick", "--quit"]);
  }
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
