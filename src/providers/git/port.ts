/** How a merge came out. */
export type MergeResult =
  | { readonly state: "merged"; readonly commit: string; readonly already: boolean }
  | { readonly state: "not wanted" }
  | { readonly state: "conflict"; readonly files: readonly string[] };

export interface MergeRequest {
  readonly branch: string;
  readonly targetBranch: string;
  /** The commit that was approved: what is merged, whatever has been pushed since. */
  readonly headCommit: string;
  /** Goes into the trailer `Fairlead-Change: <id>`, by which a landed merge is recognised. */
  readonly changeId: string;
  readonly title: string;
  /** Asked at the last moment before the push; false leaves everything as it is. */
  readonly stillWanted: () => Promise<boolean>;
  readonly author: { readonly name: string; readonly email: string };
}

/** What we ask of a repository as a whole, by way of its mirror. Commits are full SHA-1 or SHA-256 names. */
export interface Repository {
  readonly url: string;
  /** The remote's default branch. Throws `RepositoryUnreachable` within 30 s. */
  defaultBranch(): Promise<string>;
  hasBranch(branch: string, signal?: AbortSignal): Promise<boolean>;
  /** Brings the mirror up to date with the remote. */
  fetch(signal?: AbortSignal): Promise<void>;
  /** The commit a branch of the remote stands at, as last fetched; null when there is none. */
  branchHead(branch: string): Promise<string | null>;
  /** `--no-ff` onto the target as it stands now, pushed with compare-and-swap; merges anew when the target moved. */
  merge(request: MergeRequest, signal: AbortSignal): Promise<MergeResult>;
  /**
   * Deletes a branch of the remote if it is there; false when it has commits that are neither in `known` nor on another
   * branch, and then it stays.
   */
  deleteBranch(branch: string, known: string | null, signal?: AbortSignal): Promise<boolean>;
  /** The unified diff of what `head` adds over its merge base with `base`, at most `limit` bytes. */
  diff(base: string, head: string, limit: number): Promise<{ text: string; truncated: boolean }>;
}
