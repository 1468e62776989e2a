/** Why a change failed, in the kinds that a person can act on, and `internal` for what is our own fault. */
export const failureKinds = [
  "timeout",
  "environment",
  "agent",
  "no_changes",
  "preview",
  "conflict",
  "rewritten",
  "merge",
  "cancelled",
  "internal",
] as const;

export type FailureKind = (typeof failureKinds)[number];

/** How a change ends in `failed`: the kind decides what a retry does, the message is for the person. */
export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
}
