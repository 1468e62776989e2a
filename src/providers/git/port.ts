import type { Checkout } from "./calls/checkout-git.ts";
import type { SubmoduleBranch } from "./submodules/pushed-branches.ts";
import type { ReadOnlySubmodule } from "./submodules/read-only.ts";

/** How a merge came out. */
export type MergeResult =
  | { readonly state: "merged"; readonly commit: string; readonly already: boolean }
  | { readonly state: "not wanted" }
  | { readonly state: "conflict"; readonly files: readonly string[] }
  /** The target's history was rewritten since the branch began: merging would bring these commits back. */
  | { readonly state: "rewritten"; readonly commits: readonly CommitLine[] };

/** A commit as people read it: its full name and the first line of its message. */
export interface CommitLine {
  readonly commit: string;
  readonly subject: string;
}

export interface MergeRequest {
  readonly branch: string;
  readonly targetBranch: string;
  /** The commit that was approved: what is merged, whatever has been pushed since. */
  readonly headCommit: string;
  /** The merge base of the branch and its target, as of the last round. */
  readonly baseCommit: string;
  /** Goes into the trailer `Fairlead-Change: <id>`, by which a landed merge is recognised. */
  readonly changeId: string;
  readonly title: string;
  /** Asked at the last moment before the push; false leaves everything as it is. */
  readonly stillWanted: () => Promise<boolean>;
  readonly author: { readonly name: string; readonly email: string };
}

export interface LeftoverRequest {
  /** Commits in the history of this one were not made in the checkout; null: there is no such commit. */
  readonly base: string | null;
  /** Nor were commits that were pushed to this branch of the remote. */
  readonly branch: string;
  /** The part of a ref that identifies this checkout in the mirror. */
  readonly key: string;
  /** The prefix of the branches that are pushed; null: leftovers are kept only in the mirror. */
  readonly prefix: string | null;
}

/** A commit that was saved and is not on the change's branch. */
export interface SavedTip extends CommitLine {
  /** The name of the stash, ref or worktree that it was found by: `stash-1`, `feature-x`, `commit-1a2b3c4d`. */
  readonly name: string;
  /** The branch of the remote that has it; null: only the mirror has it. */
  readonly branch: string | null;
  /** The annotated tag that was saved, whose object is `commit`; null: a commit was. */
  readonly tag: string | null;
  /** What of the checkout it is of, such as `the submodule lib`; null: the checkout itself. */
  readonly submodule: string | null;
  /** The part of its ref in the mirror that stands for where it was found. */
  readonly key: string;
  /** The mirror that has it under `refs/fairlead/saved/`. */
  readonly mirrorPath: string;
}

export interface Leftovers {
  readonly saved: readonly SavedTip[];
  /** Object names of files that were staged and never committed; kept in the mirror. */
  readonly objects: readonly string[];
}

export interface StandingRequest {
  readonly branch: string;
  readonly headCommit: string;
  readonly targetBranch: string;
  /** Where the branch began. */
  readonly baseCommit: string;
  /** Commits that were made in the checkout. */
  readonly made: readonly string[];
  /** Commits that people were shown, of this change and of others: somebody may have brought them to the target by hand. */
  readonly shown: readonly string[];
}

/** A branch compared with its target. */
export interface Standing {
  /** The merge base of the two. */
  readonly base: string;
  /** Commits made in the checkout that are on the target without a merge of ours, newest first. */
  readonly unapproved: readonly CommitLine[];
  /** The same of agents in other checkouts, where nothing says which change they belong to. */
  readonly unexplained: readonly CommitLine[];
}

export interface DiffRequest {
  readonly headCommit: string;
  readonly targetBranch: string;
  /** The commit that the branch began with: used where the target is gone, or contains the change without a merge of ours. */
  readonly baseCommit: string;
  /** The merge commit of the change, if it was merged. */
  readonly mergeCommit: string | null;
  /** Bytes at the most. */
  readonly limitBytes: number;
}

/** Files to read, of a checkout or of a commit. Paths are relative to its top. */
export interface Files {
  /** The text of each file, by its path; null when there is no such file. */
  readFiles<Path extends string>(paths: readonly Path[]): Promise<Record<Path, string | null>>;
  /** Names in a folder, folders with a `/` behind; empty when there is no such folder. */
  list(path: string): Promise<string[]>;
}

/** What we ask of a repository as a whole, by way of its mirror. Commits are full SHA-1 or SHA-256 names. */
export interface Repository {
  readonly url: string;
  /** The bare repository on this machine that mirrors it. */
  readonly mirrorPath: string;
  /** The remote's default branch. Throws `RepositoryUnreachable` within 30 s. */
  defaultBranch(): Promise<string>;
  hasBranch(branch: string, signal?: AbortSignal): Promise<boolean>;
  /** Brings the mirror up to date with the remote. */
  fetch(signal?: AbortSignal): Promise<void>;
  /** The commit a branch of the remote stands at, as last fetched or pushed; null when there is none. */
  branchHead(branch: string): Promise<string | null>;
  /** Whether a branch of the remote, as it is now, contains a commit. */
  contains(branch: string, commit: string, signal?: AbortSignal): Promise<boolean>;
  /** The submodules of a branch whose remotes refuse our pushes. */
  readOnlySubmodules(branch: string, signal?: AbortSignal): Promise<ReadOnlySubmodule[]>;
  /** Fetches the LFS objects of a branch, as it was last fetched, and copies them into a checkout. */
  fetchLfs(checkout: Checkout, branch: string, signal?: AbortSignal): Promise<void>;
  /** Pushes a checkout's HEAD to a branch of the remote. Returns the commit. Repeatable. */
  publish(checkout: Checkout, branch: string, signal?: AbortSignal): Promise<string>;
  /** Keeps a checkout's HEAD in the mirror: the branch's next checkout begins from it. Returns the commit. */
  keepUnpushed(checkout: Checkout, branch: string, signal?: AbortSignal): Promise<string>;
  /** Saves the commits of a checkout that are not on the remote. Repeatable. */
  saveLeftovers(checkout: Checkout, request: LeftoverRequest, signal?: AbortSignal): Promise<Leftovers>;
  /** Compares a branch that was pushed with its target as that is on the remote now. */
  standing(request: StandingRequest, signal?: AbortSignal): Promise<Standing>;
  /** The files of a branch of the remote as last fetched, or of a commit. */
  files(branchOrCommit: string): Files;
  /** `--no-ff` onto the target as it stands now, pushed with compare-and-swap; merges anew when the target moved. */
  merge(request: MergeRequest, signal: AbortSignal): Promise<MergeResult>;
  /**
   * Deletes a branch of the remote if it is there; false when it has commits that are neither in `known` nor on another
   * branch, and then it stays.
   */
  deleteBranch(branch: string, known: string | null, signal?: AbortSignal): Promise<boolean>;
  /** The branches by that name that were pushed to the repositories of a commit's submodules. */
  submoduleBranches(branch: string, commit: string, signal?: AbortSignal): Promise<SubmoduleBranch[]>;
  /** What a change adds over its target, for `git apply`. Read from the mirror; it fetches only a commit that it lacks. */
  diff(request: DiffRequest, signal?: AbortSignal): Promise<{ bytes: Uint8Array; truncated: boolean }>;
}
