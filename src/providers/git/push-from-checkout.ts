import { PushRefused, RepositoryUnreachable } from "../../domain/faults/git.ts";
import type { Ran } from "../environments/port.ts";
import { type Checkout, gitIn } from "./checkout-git.ts";
import { complaint, probeTimeoutMs, transferTimeoutMs } from "./git.ts";
import { pushRefusal } from "./push.ts";
import { redact } from "./url.ts";

/** False when the remote's branch has commits that the checkout doesn't have. */
export async function pushHead(checkout: Checkout, branch: string, options: readonly string[]): Promise<boolean> {
  const args = ["push", "--porcelain", "--no-verify", ...options, "origin", `HEAD:refs/heads/${branch}`];
  const ran = await gitIn(checkout, args, { timeoutMs: transferTimeoutMs });
  if (ran.code === 0) return true;
  const refusal = pushRefusal({ stdout: ran.stdout, stderr: ran.output });
  if (refusal === null) throw await unreachableFrom(checkout, ran);
  if (!refusal.moved) throw new PushRefused(branch, refusal.reason);
  return false;
}

/** The commit a branch of the remote stands at; empty when there is none. */
export async function remoteCommit(checkout: Checkout, branch: string): Promise<string> {
  const args = ["ls-remote", "origin", `refs/heads/${branch}`];
  const ran = await gitIn(checkout, args, { timeoutMs: probeTimeoutMs });
  if (ran.code !== 0) throw await unreachableFrom(checkout, ran);
  return ran.stdout.split("\t")[0] ?? "";
}

async function unreachableFrom(checkout: Checkout, ran: Ran): Promise<RepositoryUnreachable> {
  const url = (await gitIn(checkout, ["config", "--get", "remote.origin.url"])).stdout.trim();
  return new RepositoryUnreachable(redact(url), complaint({ stderr: ran.output }));
}
