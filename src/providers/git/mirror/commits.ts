import { CommitUnknown, GitFailed } from "../../../domain/faults/git.ts";
import { complaint } from "../calls/complaint.ts";
import { git, transferTimeoutMs } from "../calls/git.ts";
import { fetchMirror } from "./fetch.ts";
import type { Mirror } from "./mirror.ts";

/** A full SHA-1 or SHA-256 name, which no option and no other revision can be mistaken for. */
export function isCommitName(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/** The hash function of a repository, by a full name of one of its commits. */
export function objectFormat(commit: string): "sha1" | "sha256" {
  return commit.length === 64 ? "sha256" : "sha1";
}

/** Sees to it that the mirror has a commit. Throws `CommitUnknown`. */
export async function needCommit(mirror: Mirror, commit: string, signal?: AbortSignal): Promise<void> {
  if (!isCommitName(commit)) throw new CommitUnknown(commit);
  if (await hasCommit(mirror, commit)) return;
  await fetchMirror(mirror, signal);
  if (await hasCommit(mirror, commit)) return;
  // A branch that was rewritten after the approval does not contain the commit any more, but most forges still serve it.
  const args = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--end-of-options", mirror.address, commit];
  await git(args, { gitDir: mirror.path, remote: mirror, timeoutMs: transferTimeoutMs, signal });
  if (!(await hasCommit(mirror, commit))) throw new CommitUnknown(commit);
}

/** Whether a commit is in the history of another one, or is that one. */
export async function isAncestor(mirror: Mirror, older: string, newer: string): Promise<boolean> {
  if (older === newer) return true;
  const result = await git(["merge-base", "--is-ancestor", older, newer], { gitDir: mirror.path });
  if (result.code !== 0 && result.code !== 1) throw new GitFailed("merge-base", complaint(result));
  return result.code === 0;
}

export async function hasCommit(mirror: Mirror, commit: string): Promise<boolean> {
  return (await git(["cat-file", "-e", `${commit}^{commit}`], { gitDir: mirror.path })).code === 0;
}
