/** What has to be cleaned up once it is made. */
export const resourceKinds = ["environment", "worktree", "process", "port", "branch"] as const;
export type ResourceKind = (typeof resourceKinds)[number];

/** One thing in the world that belongs to an environment: `name` is a process's name, a port's number, a branch's name. */
export interface Resource {
  readonly kind: ResourceKind;
  readonly name: string;
}
