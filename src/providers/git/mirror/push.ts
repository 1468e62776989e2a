import { PushRefused } from "../../../domain/faults/git.ts";
import { redact } from "../../../domain/texts/redact.ts";
import { type GitResult, git, transferTimeoutMs } from "../calls/git.ts";
import { isLocal } from "../url.ts";
import type { Mirror } from "./mirror.ts";
import { unreachable } from "./remote.ts";

export interface Push {
  /** Null: the branch is deleted. */
  readonly commit: string | null;
  readonly branch: string;
  /** The commit that the branch has to be at. Left out: an ancestor of `commit`, or the branch does not exist yet. */
  readonly over?: string;
}

/**
 * Pushes a commit of the mirror to a branch of its remote. False when the branch is at another commit than it has to be, or
 * another git is writing it. Throws `PushRefused`, `RepositoryUnreachable`.
 */
export async function push(mirror: Mirror, wanted: Push, signal?: AbortSignal): Promise<boolean> {
  const result = await tryPush(mirror, wanted, signal);
  if (result.code === 0) return true;
  const refusal = pushRefusal(result);
  if (refusal === null) throw unreachable(mirror.url, result);
  if (!refusal.moved) throw new PushRefused(wanted.branch, refusal.reason);
  return false;
}

/** The same, for callers that throw their own faults for a refusal. */
export async function tryPush(
  mirror: Mirror,
  { commit, branch, over }: Push,
  signal?: AbortSignal,
): Promise<GitResult> {
  const ref = `refs/heads/${branch}`;
  const lease = over === undefined ? [] : [`--force-with-lease=${ref}:${over}`];
  const args = ["push", "--porcelain", "--no-verify", ...receivePack(mirror), ...lease, "--end-of-options"];
  const options = { gitDir: mirror.path, remote: mirror, timeoutMs: transferTimeoutMs, signal };
  return await git([...args, mirror.address, `${commit ?? ""}:${ref}`], options);
}

/** Where the remote is a user's own checkout, git updates its files with the push, if they are clean. */
function receivePack({ url }: Mirror): string[] {
  return isLocal(url) ? ["--receive-pack=git -c receive.denyCurrentBranch=updateInstead receive-pack"] : [];
}

/** What `git push --porcelain` said of the one ref that it was to push; null when the remote was not asked. */
export interface PushRefusal {
  /** The ref is at another commit than expected, or another git is writing it at this moment. */
  readonly moved: boolean;
  readonly reason: string;
}

export function pushRefusal(result: { readonly stdout: string; readonly stderr: string }): PushRefusal | null {
  const line = result.stdout.split("\n").find((text) => text.startsWith("!\t"));
  if (line === undefined) return null;
  const summary = line.split("\t")[2] ?? "";
  const moved =
    /stale info|fetch first|non-fast-forward|needs force|cannot lock ref|failed to update ref|reference already/;
  return { moved: moved.test(summary), reason: inWords(summary, result.stderr) };
}

/** With the remote's own messages where there are some: a protected branch or a hook gives its reason there. */
function inWords(summary: string, stderr: string): string {
  const bracketed = /\((.+)\)$/.exec(summary)?.[1] ?? summary;
  const words = stderr
    .split("\n")
    .filter((line) => line.startsWith("remote:"))
    .map((line) =>
      line
        .slice("remote:".length)
        .replace(/^\s*error:/i, "")
        .trim(),
    )
    .filter((line) => line !== "");
  const text = words.length === 0 ? bracketed : `${bracketed}: ${words.join(" ")}`;
  return redact(text).replace(/\.$/, "").slice(0, 600);
}
