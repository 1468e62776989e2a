import { PushRefused } from "../../../domain/faults/git.ts";
import { redact } from "../../../domain/redact.ts";
import { type GitResult, git, transferTimeoutMs } from "../calls/git.ts";
import { isLocal } from "../url.ts";
import type { Mirror } from "./mirror.ts";
import { unreachable } from "./remote.ts";

export interface Push {
  /** Null: the branch is deleted. */
  readonly commit: string | null;
  readonly branch: string;
  /** Where the branch has to stand; left out: at an ancestor of the commit, or nowhere. */
  readonly over?: string;
}

/**
 * Pushes a commit that the mirror has to a branch of its remote. False when the branch stands elsewhere than it has to,
 * or another git is writing it. Throws `PushRefused`, `RepositoryUnreachable`.
 */
export async function push(mirror: Mirror, wanted: Push, signal?: AbortSignal): Promise<boolean> {
  const result = await tryPush(mirror, wanted, signal);
  if (result.code === 0) return true;
  const refusal = pushRefusal(result);
  if (refusal === null) throw unreachable(mirror.url, result);
  if (!refusal.moved) throw new PushRefused(wanted.branch, refusal.reason);
  return false;
}

/** The same, for callers with words of their own for a refusal. */
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

/** A checkout of a user's own that is pushed to is brought up to date, if it is clean. */
function receivePack({ url }: Mirror): string[] {
  return isLocal(url) ? ["--receive-pack=git -c receive.denyCurrentBranch=updateInstead receive-pack"] : [];
}

/** What `git push --porcelain` said of the one ref it was asked to push; null when it never came to that. */
export interface PushRefusal {
  /** The ref stands elsewhere than we thought, or another git is writing it at this moment. */
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

/** The remote's own words where there are some: a protected branch and a hook say there what they object to. */
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
