import { CheckoutBroken, PushRefused, RepositoryUnreachable } from "../../../domain/faults/git.ts";
import { redact } from "../../../domain/redact.ts";
import { type Checkout, gitIn } from "../calls/checkout-git.ts";
import { complaint, probeTimeoutMs, transferTimeoutMs } from "../calls/git.ts";
import { pushRefusal } from "../mirror/push.ts";
import { credentialVariables } from "../url.ts";

/** Where a checkout is pushed to: `url` is the remote's address with the credentials that `origin` lacks. */
export interface PushTarget {
  readonly branch: string;
  readonly url: string;
}

/** An agent took `origin` away, or files of git's own: no remote can help that. */
const damaged = /'origin' does not appear to be a git repository|bad object|unable to read [0-9a-f]{40}/;

/** False when the remote's branch has commits that the checkout doesn't have. */
export async function pushHead(
  checkout: Checkout,
  { branch, url }: PushTarget,
  options: readonly string[],
): Promise<boolean> {
  const args = ["push", "--porcelain", "--no-verify", ...options, "origin", `HEAD:refs/heads/${branch}`];
  const ran = await gitIn(checkout, args, { timeoutMs: transferTimeoutMs, variables: credentialVariables(url) });
  if (ran.code === 0) return true;
  const refusal = pushRefusal({ stdout: ran.stdout, stderr: ran.output });
  if (refusal === null && damaged.test(ran.output)) throw new CheckoutBroken("push", complaint({ stderr: ran.output }));
  if (refusal === null) throw new RepositoryUnreachable(redact(url), complaint({ stderr: ran.output }));
  if (!refusal.moved) throw new PushRefused(branch, refusal.reason);
  return false;
}

/** The commit a branch of the remote stands at; empty when there is none. */
export async function remoteCommit(checkout: Checkout, { branch, url }: PushTarget): Promise<string> {
  const args = ["ls-remote", "origin", `refs/heads/${branch}`];
  const ran = await gitIn(checkout, args, { timeoutMs: probeTimeoutMs, variables: credentialVariables(url) });
  if (ran.code !== 0) throw new RepositoryUnreachable(redact(url), complaint({ stderr: ran.output }));
  return ran.stdout.split("\t")[0] ?? "";
}
