import { DefaultBranchKept, GitFailed, PushRefused } from "../../domain/faults/git.ts";
import { complaint, git, gitOutput, transferTimeoutMs } from "./calls/git.ts";
import { needCommit, resolveCommit } from "./mirror/commits.ts";
import { fetchMirror, mirroredBranch } from "./mirror/fetch.ts";
import { merge } from "./mirror/merge.ts";
import { type Mirror, type MirrorOptions, openMirror } from "./mirror/mirror.ts";
import { pushRefusal } from "./mirror/push.ts";
import { checkBranchName, defaultBranchOf, listRemote, unreachable } from "./mirror/remote.ts";
import type { Repository } from "./port.ts";
import { repositoryUrl } from "./url.ts";

/** A repository by its address. Nothing is reached, and no mirror made, before something is asked of it. */
export function openRepository(options: MirrorOptions): Repository {
  const url = repositoryUrl(options.url);
  const mirror = (signal?: AbortSignal): Promise<Mirror> => openMirror(options, signal);
  return {
    url,
    async defaultBranch() {
      return defaultBranchOf(url, await listRemote(url));
    },
    async hasBranch(branch, signal) {
      checkBranchName(branch);
      return (await listRemote(url, branch, signal)).branches.has(branch);
    },
    async fetch(signal) {
      await fetchMirror(await mirror(signal), signal);
    },
    async branchHead(branch) {
      checkBranchName(branch);
      return await mirroredBranch(await mirror(), branch);
    },
    async merge(request, signal) {
      return await merge(await mirror(signal), request, signal);
    },
    async deleteBranch(branch, known, signal) {
      checkBranchName(branch);
      return await deleteBranch(await mirror(signal), { branch, known, signal });
    },
    async diff(base, head, limit) {
      return await diff(await mirror(), { base, head, limit });
    },
  };
}

async function deleteBranch(
  mirror: Mirror,
  { branch, known, signal }: { branch: string; known: string | null; signal: AbortSignal | undefined },
): Promise<boolean> {
  const remote = await listRemote(mirror.url, undefined, signal);
  const head = remote.branches.get(branch);
  if (head === undefined) return true;
  if (branch === defaultBranchOf(mirror.url, remote)) throw new DefaultBranchKept(branch);
  if (head !== known && !(await isElsewhere(mirror, { branch, head, known, signal }))) return false;
  const ref = `refs/heads/${branch}`;
  const args = ["push", "--porcelain", "--no-verify", `--force-with-lease=${ref}:${head}`, "origin", `:${ref}`];
  const result = await git(args, { cwd: mirror.path, timeoutMs: transferTimeoutMs, signal });
  // Somebody else may have deleted it at the same moment.
  if (result.code === 0 || !(await listRemote(mirror.url, branch, signal)).branches.has(branch)) return true;
  const refusal = pushRefusal(result);
  throw refusal === null ? unreachable(mirror.url, result) : new PushRefused(branch, refusal.reason);
}

async function isElsewhere(
  mirror: Mirror,
  {
    branch,
    head,
    known,
    signal,
  }: { branch: string; head: string; known: string | null; signal: AbortSignal | undefined },
): Promise<boolean> {
  await fetchMirror(mirror, signal);
  await needCommit(mirror, head);
  // `known` itself may have been rewritten away since, and then nothing is known to be in it.
  const isKnown =
    known !== null && (await git(["merge-base", "--is-ancestor", head, known], { cwd: mirror.path })).code === 0;
  if (isKnown) return true;
  const args = ["for-each-ref", "--format=%(refname)", `--contains=${head}`, "refs/remotes/origin/"];
  const containing = (await gitOutput(args, { cwd: mirror.path })).split("\n").filter((ref) => ref !== "");
  return containing.some((ref) => ref !== `refs/remotes/origin/${branch}`);
}

async function diff(mirror: Mirror, { base, head, limit }: { base: string; head: string; limit: number }) {
  const [from, to] = [await resolveCommit(mirror, base), await resolveCommit(mirror, head)];
  const common = await git(["merge-base", from, to], { cwd: mirror.path });
  const start = common.code === 0 ? common.stdout.trim() : from;
  const args = ["diff", "--no-color", "--no-ext-diff", "--no-textconv", start, to, "--"];
  const result = await git(args, { cwd: mirror.path, limit });
  if (result.code !== 0 && !result.truncated) throw new GitFailed("diff", complaint(result));
  return { text: result.stdout, truncated: result.truncated };
}
