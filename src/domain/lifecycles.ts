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
export type TaskName =
  | "provision"
  | "implement"
  | "preview"
  | "merge"
  | "cleanup"
  | "begin_run"
  | "run_step"
  | "stop_step"
  | "wake_step";

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

const runMoves = [
  ["pending", "running"], //           its environment is there
  ["pending", "failed"],
  ["pending", "cancelled"],
  ["running", "succeeded"], //         every step has settled, and no critical one failed
  ["running", "failed"],
  ["running", "cancelled"], //         a person said so, and what ran has stopped
  ["failed", "pending"], //            retry: what succeeded stays
  ["cancelled", "pending"],
  ["succeeded", "pending"], //         retry from a step
] as const;

export type RunStatus = (typeof runMoves)[number][number];

export const runLifecycle = {
  initial: "pending",
  moves: runMoves,
  tasks: { pending: ["begin_run"] },
} as const satisfies Lifecycle<RunStatus>;

const stepMoves = [
  ["pending", "running"], //           what it depends on has settled, and there is room
  ["pending", "skipped"], //           what it depends on had another outcome than it asks for, or the run is aborted
  ["pending", "cancelled"],
  ["running", "waiting"], //           for a person, a time, another plan's run, or before it is tried again
  ["running", "succeeded"],
  ["running", "failed"],
  ["running", "cancelled"], //         it has been stopped
  ["running", "pending"], //           the same, and it is to begin anew
  ["waiting", "pending"], //           the time before the next try is over
  ["waiting", "succeeded"],
  ["waiting", "failed"],
  ["waiting", "cancelled"],
  ["succeeded", "pending"], //         a review sent it back, or the run is retried
  ["failed", "pending"],
  ["skipped", "pending"],
  ["cancelled", "pending"],
] as const;

export type StepStatus = (typeof stepMoves)[number][number];

export const stepLifecycle = {
  initial: "pending",
  moves: stepMoves,
  tasks: { running: ["run_step", "stop_step"], waiting: ["wake_step", "stop_step"] },
} as const satisfies Lifecycle<StepStatus>;

/** Every entity with a lifecycle, by the name it has in events and in `fairlead.statuses`. */
export const lifecycles = {
  change: changeLifecycle,
  environment: environmentLifecycle,
  run: runLifecycle,
  step: stepLifecycle,
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
