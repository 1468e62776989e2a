import { DefaultBranchKept, GitFailed, PushRefused } from "../../domain/faults/git.ts";
import { resolveCommit } from "./commits.ts";
import { fetchMirror, mirroredBranch } from "./fetch.ts";
import { complaint, git, transferTimeoutMs } from "./git.ts";
import { merge } from "./merge.ts";
import { type Mirror, type MirrorOptions, openMirror } from "./mirror.ts";
import type { Repository } from "./port.ts";
import { pushRefusal } from "./push.ts";
import { checkBranchName, defaultBranchOf, listRemote, unreachable } from "./remote.ts";
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
    async hasBranch(branch) {
      checkBranchName(branch);
      return (await listRemote(url, branch)).branches.has(branch);
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
    async deleteBranch(branch) {
      checkBranchName(branch);
      await deleteBranch(await mirror(), branch);
    },
    async diff(base, head, limit) {
      return await diff(await mirror(), { base, head, limit });
    },
  };
}

async function deleteBranch(mirror: Mirror, branch: string): Promise<void> {
  const remote = await listRemote(mirror.url);
  if (!remote.branches.has(branch)) return;
  if (branch === defaultBranchOf(mirror.url, remote)) throw new DefaultBranchKept(branch);
  const args = ["push", "--porcelain", "--no-verify", "origin", `:refs/heads/${branch}`];
  const result = await git(args, { cwd: mirror.path, timeoutMs: transferTimeoutMs });
  // Somebody else may have deleted it at the same moment.
  if (result.code === 0 || !(await listRemote(mirror.url, branch)).branches.has(branch)) return;
  const refusal = pushRefusal(result);
  throw refusal === null ? unreachable(mirror.url, result) : new PushRefused(branch, refusal.reason);
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
