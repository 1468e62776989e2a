import { CheckoutBroken } from "../../../domain/faults/git.ts";
import { type Checkout, gitDirOf } from "../calls/checkout-git.ts";
import { complaint } from "../calls/complaint.ts";
import { git, transferTimeoutMs } from "../calls/git.ts";
import type { Mirror } from "./mirror.ts";

/**
 * Fetches commits of a checkout, with all objects that they need, into the mirror. The checkout's own configuration has no effect:
 * the git that serves them runs no hook and no filter, and may use no transport. Throws `CheckoutBroken`.
 */
export async function importCommits(
  mirror: Mirror,
  checkout: Checkout,
  commits: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const args = [
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
    "--no-auto-maintenance",
    // The folder that a submodule's repository names may be gone, and git would not start.
    "--upload-pack=GIT_WORK_TREE=. git upload-pack",
  ];
  const result = await git([...args, "--stdin", "--end-of-options", gitDirOf(checkout)], {
    gitDir: mirror.path,
    stdin: commits.map((commit) => `${commit}\n`).join(""),
    variables: { GIT_ALLOW_PROTOCOL: "file" },
    timeoutMs: transferTimeoutMs,
    signal,
  });
  if (result.code !== 0) throw new CheckoutBroken("read what was committed", complaint(result));
}
