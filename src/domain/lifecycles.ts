/**
 * The lifecycles: which statuses there are, which moves are legal and which task each status is waiting for.
 * `migrate` writes these tables into Postgres, where one trigger enforces them; types and docs/states.md come from here.
 */
export interface Lifecycle<Status extends string = string> {
  readonly initial: Status;
  /** Each legal move, from and to. */
  readonly moves: readonly (readonly [from: Status, to: Status])[];
  /** The tasks of a status, in order: the first is enqueued on entry, each later one when the one before hands over. */
  readonly tasks: Readonly<Partial<Record<Status, readonly TaskName[]>>>;
}

/** The graphile-worker tasks that carry an entity on. Each has a file in `tasks/`. */
export type TaskName = "provision" | "implement" | "preview" | "merge" | "cleanup";

const changeMoves = [
  ["pending", "provisioning"], //      a place is free
  ["provisioning", "implementing"], // the environment is ready
  ["implementing", "deployed"], //     the preview answers
  ["deployed", "approved"], //         a person said yes
  ["deployed", "rejected"], //         a person said no
  ["deployed", "implementing"], //     a person asked for changes: one more round
  ["approved", "merging"], //          nobody else is merging into that branch
  ["merging", "merged"], //            the merge commit is on the target branch
  ["pending", "failed"],
  ["provisioning", "failed"],
  ["implementing", "failed"],
  ["deployed", "failed"],
  ["approved", "failed"],
  ["merging", "failed"],
  ["failed", "pending"], //            retry: goes on from the pushed branch
  ["provisioning", "pending"], //      its environment was lost: it begins again in a fresh one
  ["implementing", "pending"], //      the same, from the pushed branch
  ["deployed", "pending"],
] as const;

export type ChangeStatus = (typeof changeMoves)[number][number];

export const changeLifecycle = {
  initial: "pending",
  moves: changeMoves,
  tasks: { provisioning: ["provision"], implementing: ["implement", "preview"], merging: ["merge"] },
} as const satisfies Lifecycle<ChangeStatus>;

const environmentMoves = [
  ["provisioning", "ready"], //        the checkout is there
  ["provisioning", "failed"],
  ["ready", "failed"], //              it vanished
  ["provisioning", "terminating"],
  ["ready", "terminating"], //         its change has ended, or it is idle or too old
  ["failed", "terminating"],
  ["terminating", "terminated"], //    a probe has seen it gone
] as const;

export type EnvironmentStatus = (typeof environmentMoves)[number][number];

export const environmentLifecycle = {
  initial: "provisioning",
  moves: environmentMoves,
  tasks: { terminating: ["cleanup"] },
} as const satisfies Lifecycle<EnvironmentStatus>;

/** Every entity with a lifecycle, by the name it has in events and in `fairlead.statuses`. */
export const lifecycles = {
  change: changeLifecycle,
  environment: environmentLifecycle,
} as const satisfies Record<string, Lifecycle>;

/** The tasks that come each minute. They belong to no entity. */
export const minutelyTasks = ["enforce_lifecycles", "reconcile"] as const;

export type Entity = keyof typeof lifecycles;

/** The statuses of a lifecycle, in the order in which the moves first name them. */
export function statusesOf<Status extends string>(lifecycle: Lifecycle<Status>): Status[] {
  return [...new Set(lifecycle.moves.flat())];
}

/** Where an entity may go from a status; empty when the status is final. */
export function movesFrom<Status extends string>(lifecycle: Lifecycle<Status>, from: Status): Status[] {
  return lifecycle.moves.filter(([start]) => start === from).map(([, end]) => end);
}
