import { broken, type Checkout, gitIn, gitOutputIn } from "../calls/checkout-git.ts";
import type { CommitLine } from "../port.ts";

/**
 * The commits of the target that an agent has rewritten below its branch, by `commit --amend` or a rebase: after a merge they
 * would be in the target twice, or undo what came after them. Empty where the branch contains the commit that it began with, or
 * was started again from an earlier one.
 */
export async function rewrittenBelow(
  checkout: Checkout,
  { base, target }: { readonly base: string; readonly target: string },
): Promise<CommitLine[]> {
  if (await isInHead(checkout, base)) return [];
  const common = await gitIn(checkout, ["merge-base", "--end-of-options", base, "HEAD"]);
  const since = common.code === 0 ? ["--not", common.stdout.trim()] : [];
  const before = await commitsOf(checkout, [base, ...since]);
  // Without commits that the target has itself, after its own history was rewritten.
  const now = await commitsOf(checkout, ["HEAD", ...since, "--not", `refs/remotes/origin/${target}`]);
  // Amending and rebasing keep a commit's author and author date.
  const kept = new Set(now.map(({ stamp }) => stamp));
  const rewritten = before.filter(({ stamp }) => kept.has(stamp));
  // Without a common commit, the whole history was rewritten.
  return common.code === 0 ? rewritten : before;
}

async function isInHead(checkout: Checkout, commit: string): Promise<boolean> {
  const ran = await gitIn(checkout, ["merge-base", "--is-ancestor", "--end-of-options", commit, "HEAD"]);
  if (ran.code !== 0 && ran.code !== 1) throw broken("compare", ran);
  return ran.code === 0;
}

/** The commits that were made in the checkout, as its reflog tells them. */
export async function commitsMade(checkout: Checkout): Promise<string[]> {
  const args = ["log", "--walk-reflogs", "--max-count=1000", "--format=%H %gs", "HEAD", "--"];
  const ran = await gitIn(checkout, args);
  if (ran.code !== 0) return []; // no reflog
  // The start and the finish of a rebase are checkouts, which make no commit.
  const making =
    /^([0-9a-f]+) (commit|cherry-pick|revert|(rebase|pull)\b.* \((pick|reword|edit|squash|fixup|merge|continue)\b|am\b|(merge|pull)\b.*: Merge made)/;
  return ran.stdout.split("\n").flatMap((line) => making.exec(line)?.[1] ?? []);
}

async function commitsOf(checkout: Checkout, range: readonly string[]): Promise<(CommitLine & { stamp: string })[]> {
  const format = "--format=%H%x00%an%x00%ae%x00%at%x00%s";
  const output = await gitOutputIn(checkout, ["log", "--max-count=1000", format, ...range, "--"]);
  return output.split("\n").flatMap((line) => {
    const [commit = "", name, email, time, subject = ""] = line.split("\0");
    return commit === "" ? [] : [{ commit, subject, stamp: JSON.stringify([name, email, time]) }];
  });
}
