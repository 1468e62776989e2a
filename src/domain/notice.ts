/** What a notice of a change can say. */
export const noticeCodes = [
  "work_saved", // where work was saved that is not on the change's branch
  "blueprint_changed", // it changes how its app is set up or started, which takes effect after the merge
  "submodule_branch", // commits of a submodule are on a branch of its repository, for a person to merge there
  "submodule_read_only", // commits in a submodule can't be pushed to its repository
  "landed_unapproved", // commits of it are on the target, though they were not approved
] as const;

export type NoticeCode = (typeof noticeCodes)[number];

export interface Notice {
  readonly code: NoticeCode;
  readonly text: string;
  /** ISO 8601. */
  readonly at: string;
}
