/** What a person should know of a change besides its status. */
export const noticeCodes = [
  "work_saved", //        work that is not on the change's branch, and where it is
  "blueprint_changed", // it changes how its app is set up or started, which counts after the merge
  "submodule_branch", //  commits of a submodule are on a branch of its repository
  "submodule_read_only", // what is committed in a submodule can't be pushed to its repository
  "landed_unapproved", // commits of it are on the target, though they were not approved
] as const;

export type NoticeCode = (typeof noticeCodes)[number];

export interface Notice {
  readonly code: NoticeCode;
  readonly text: string;
  /** ISO 8601. */
  readonly at: string;
}
