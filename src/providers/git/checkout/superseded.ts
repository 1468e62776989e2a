import { type Checkout, gitIn } from "../calls/checkout-git.ts";

/** The commits that were replaced by `commit --amend` or a finished rebase, by the checkout's reflog. */
export async function supersededBy(checkout: Checkout): Promise<Set<string>> {
  const args = ["log", "--walk-reflogs", "--max-count=20000", "--format=%H %gs", "HEAD", "--"];
  const { code, stdout } = await gitIn(checkout, args);
  return code === 0 ? supersededIn(stdout) : new Set();
}

/** `reflog` has a line for each move of HEAD, newest first: where it moved to, and by what. */
function supersededIn(reflog: string): Set<string> {
  const moves = reflog
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => ({ to: line.split(" ")[0] ?? "", by: line.slice(line.indexOf(" ") + 1) }));
  const superseded = new Set<string>();
  let isRebased = false;
  for (const [index, { by }] of moves.entries()) {
    const before = moves[index + 1]?.to;
    if (/^rebase (-\w+ )?\(finish\)/.test(by)) isRebased = true;
    const isStart = /^rebase (-\w+ )?\(start\)/.test(by);
    if (before !== undefined && (by.startsWith("commit (amend)") || (isStart && isRebased))) superseded.add(before);
    if (isStart) isRebased = false;
  }
  return superseded;
}
