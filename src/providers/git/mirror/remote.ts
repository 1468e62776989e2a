import { isBranchName } from "../../../domain/branch-name.ts";
import {
  BranchNameInvalid,
  BranchUnknown,
  RepositoryEmpty,
  RepositoryUnreachable,
} from "../../../domain/faults/git.ts";
import { redact } from "../../../domain/texts/redact.ts";
import { complaint } from "../calls/complaint.ts";
import { addressOf } from "../calls/credentials.ts";
import { type GitResult, git, probeTimeoutMs } from "../calls/git.ts";
import type { Remote } from "../calls/remotes.ts";

/** What a remote says it has: commits by branch, and what its HEAD points to. */
export interface RemoteRefs {
  readonly head: { readonly branch: string | null; readonly commit: string | null };
  readonly branches: ReadonlyMap<string, string>;
}

/** Asks a remote for its branches, or for one of them. Throws `RepositoryUnreachable` within 30 s. */
export async function listRemote(remote: Remote, branch?: string, signal?: AbortSignal): Promise<RemoteRefs> {
  const wanted = `refs/heads/${branch ?? "*"}`;
  const args = ["ls-remote", "--symref", "--end-of-options", addressOf(remote.url).url, "HEAD", wanted];
  const result = await git(args, { remote, timeoutMs: probeTimeoutMs, signal });
  if (result.code !== 0) throw unreachable(remote.url, result);
  return parseRefs(result.stdout);
}

/** The branch that the remote's HEAD names; a remote without one is asked for the likeliest. */
export function defaultBranchOf(url: string, refs: RemoteRefs): string {
  const { head, branches } = refs;
  if (head.branch !== null && branches.has(head.branch)) return head.branch;
  const names = [...branches.keys()];
  const atHead = names.find((name) => branches.get(name) === head.commit);
  const likely = ["main", "master"].find((name) => branches.has(name)) ?? atHead ?? names[0];
  if (likely === undefined) throw new RepositoryEmpty(redact(url));
  return likely;
}

export function unreachable(url: string, result: GitResult): RepositoryUnreachable {
  return new RepositoryUnreachable(redact(url), complaint(result));
}

export function unknownBranch(
  url: string,
  branch: string,
  existing: readonly string[],
): BranchUnknown | RepositoryEmpty {
  return existing.length === 0 ? new RepositoryEmpty(redact(url)) : new BranchUnknown(branch, existing);
}

/** Throws `BranchNameInvalid`. */
export function checkBranchName(name: string): void {
  if (!isBranchName(name)) throw new BranchNameInvalid(name);
}

function parseRefs(output: string): RemoteRefs {
  let head: RemoteRefs["head"] = { branch: null, commit: null };
  const branches = new Map<string, string>();
  for (const line of output.split("\n")) {
    const [value = "", ref = ""] = line.split("\t");
    if (ref === "HEAD" && value.startsWith("ref: refs/heads/")) head = { ...head, branch: value.slice(16) };
    else if (ref === "HEAD") head = { ...head, commit: value };
    else if (ref.startsWith("refs/heads/")) branches.set(ref.slice(11), value);
  }
  return { head, branches };
}
