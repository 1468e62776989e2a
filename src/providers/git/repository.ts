import { gitDirOf } from "./calls/checkout-git.ts";
import { fetchLfs } from "./lfs/transfer.ts";
import { merge } from "./merge/merge.ts";
import { hasCommit, isAncestor } from "./mirror/commits.ts";
import { deleteBranch } from "./mirror/delete-branch.ts";
import { diff } from "./mirror/diff.ts";
import { fetchMirror, mirroredBranch } from "./mirror/fetch.ts";
import { filesOf } from "./mirror/files.ts";
import { type Mirror, mirrorOf, openMirror } from "./mirror/mirror.ts";
import { publish } from "./mirror/publish.ts";
import { checkBranchName, defaultBranchOf, listRemote } from "./mirror/remote.ts";
import { saveLeftovers } from "./mirror/save-leftovers.ts";
import { standing } from "./mirror/standing.ts";
import { keepUnpushed } from "./mirror/unpushed.ts";
import type { Repository } from "./port.ts";
import { submoduleBranches } from "./submodules/pushed-branches.ts";
import { readOnlySubmodules } from "./submodules/read-only.ts";
import { repositoryUrl } from "./url.ts";

export interface RepositoryOptions {
  /** Fairlead's data folder. */
  readonly home: string;
  readonly url: string;
  /** Hosts, besides its own, on which its submodules and LFS objects may be. */
  readonly hosts?: readonly string[];
}

/** A repository by its address. Nothing is reached, and no mirror made, before something is asked of it. */
export function openRepository({ home, url: given, hosts = [] }: RepositoryOptions): Repository {
  const url = repositoryUrl(given);
  const remote = { url };
  const context = { home, reach: { url, hosts } };
  const mirror = (signal?: AbortSignal): Promise<Mirror> => openMirror({ home, url }, signal);
  return {
    url,
    mirrorPath: mirrorOf({ home, url }).path,
    async defaultBranch() {
      return defaultBranchOf(url, await listRemote(remote));
    },
    async hasBranch(branch, signal) {
      checkBranchName(branch);
      return (await listRemote(remote, branch, signal)).branches.has(branch);
    },
    async fetch(signal) {
      await fetchMirror(await mirror(signal), signal);
    },
    async branchHead(branch) {
      checkBranchName(branch);
      return await mirroredBranch(await mirror(), branch);
    },
    async contains(branch, commit, signal) {
      checkBranchName(branch);
      const opened = await mirror(signal);
      await fetchMirror(opened, signal);
      const head = await mirroredBranch(opened, branch);
      return head !== null && (await hasCommit(opened, commit)) && (await isAncestor(opened, commit, head));
    },
    async readOnlySubmodules(branch, signal) {
      return await readOnlySubmodules(await mirror(signal), branch, context, signal);
    },
    async fetchLfs(checkout, branch, signal) {
      const opened = await mirror(signal);
      const commit = await mirroredBranch(opened, branch);
      if (commit !== null) await fetchLfs(opened, { commit, gitDir: gitDirOf(checkout) }, context.reach, signal);
    },
    async publish(checkout, branch, signal) {
      return await publish(await mirror(signal), { checkout, branch }, context, signal);
    },
    async keepUnpushed(checkout, branch, signal) {
      return await keepUnpushed(await mirror(signal), { checkout, branch }, signal);
    },
    async saveLeftovers(checkout, request, signal) {
      return await saveLeftovers(await mirror(signal), checkout, request, context, signal);
    },
    async standing(request, signal) {
      return await standing(await mirror(signal), request, signal);
    },
    files: (branchOrCommit) => filesOf(mirror, branchOrCommit),
    async merge(request, signal) {
      return await merge(await mirror(signal), request, context, signal);
    },
    async deleteBranch(branch, known, signal) {
      checkBranchName(branch);
      return await deleteBranch(await mirror(signal), { branch, known, signal });
    },
    async submoduleBranches(branch, commit, signal) {
      return await submoduleBranches(await mirror(signal), { branch, commit }, context, signal);
    },
    async diff(request, signal) {
      return await diff(await mirror(signal), request, signal);
    },
  };
}
