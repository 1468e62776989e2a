import { type Checkout, gitIn } from "../calls/checkout-git.ts";

const refOf = (name: string): string => `refs/fairlead/marks/${name}`;

/** Marks where a checkout stands under a name: a second time changes nothing. Without a commit, or git, there is no mark. */
export async function markCommit(checkout: Checkout, name: string): Promise<void> {
  await gitIn(checkout, ["update-ref", refOf(name), "HEAD", "0".repeat(40)]);
}

/** The commits over the mark of that name, oldest first, and where the checkout stands. */
export async function commitsSince(
  checkout: Checkout,
  name: string,
): Promise<{ readonly commits: readonly string[]; readonly head: string }> {
  const head = await gitIn(checkout, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]);
  if (head.code !== 0) return { commits: [], head: "" };
  const marked = await gitIn(checkout, ["rev-parse", "--verify", "--quiet", refOf(name)]);
  const range = marked.code === 0 ? `${refOf(name)}..HEAD` : "HEAD";
  const listed = await gitIn(checkout, ["rev-list", "--reverse", "--max-count=1000", range]);
  return { commits: listed.code === 0 ? listed.stdout.split("\n").filter(Boolean) : [], head: head.stdout.trim() };
}

/** Repeatable; once nobody asks for those commits any more. */
export async function removeMark(checkout: Checkout, name: string): Promise<void> {
  await gitIn(checkout, ["update-ref", "-d", refOf(name)]);
}
