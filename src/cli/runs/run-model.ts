import type { Event } from "../../domain/event.ts";
import { type StepStatus, statusesOf, stepLifecycle } from "../../domain/lifecycles.ts";
import type { WaitsFor } from "../../domain/plans/run.ts";
import type { StepBrief } from "../../domain/plans/run-progress.ts";

/** A step as far as it is known by what has been read. */
export interface StepState {
  readonly id: string;
  readonly position: number;
  readonly key: string;
  readonly needs: readonly number[];
  readonly status: StepStatus;
  readonly version: number;
  readonly attempt: number;
  readonly waitsFor: WaitsFor | null;
  readonly waitsUntil: Date | null;
  readonly message: string | null;
  /** When its last attempt began. */
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** What is known of a run's steps; the events that come bring it up to date. */
export interface RunModel {
  /** In the order of the plan. */
  readonly steps: () => readonly StepState[];
  /** Takes an event in, and gives the step as it was by then; null for one that is of no step. */
  see(event: Event, waitsFor: WaitsFor | null): StepState | null;
}

const statuses: readonly string[] = statusesOf(stepLifecycle);

export function makeRunModel(briefs: readonly StepBrief[]): RunModel {
  const byId = new Map<string, StepState>(briefs.map((brief) => [brief.id, stateOf(brief)]));
  /** By step, as the events have it: the row may be ahead of them. */
  const began = new Map<string, Date>();
  return {
    steps: () => [...byId.values()],
    see(event, waitsFor) {
      const step = byId.get(event.entityId);
      if (event.entity !== "step" || step === undefined || !isStatus(event.toStatus)) return null;
      if (event.kind === "step.running") began.set(step.id, event.at);
      const state = after(step, { ...event, toStatus: event.toStatus }, waitsFor);
      if (event.version > step.version) byId.set(step.id, state);
      return { ...state, startedAt: began.get(step.id) ?? state.startedAt };
    },
  };
}

function stateOf({ failureMessage, ...brief }: StepBrief): StepState {
  return { ...brief, message: failureMessage };
}

function after(
  step: StepState,
  event: Event & { readonly toStatus: StepStatus },
  waitsFor: WaitsFor | null,
): StepState {
  const { toStatus: status, version, at, data } = event;
  const { failure_message: message, until } = data ?? {};
  return {
    ...step,
    status,
    version,
    attempt: typeof data?.attempt === "number" ? data.attempt : step.attempt,
    waitsFor: status === "waiting" ? waitsFor : null,
    waitsUntil: typeof until === "string" ? new Date(until) : null,
    message: typeof message === "string" ? message : null,
    startedAt: event.kind === "step.running" ? at : step.startedAt,
    finishedAt: settled[status] ? at : null,
  };
}

/** Whether nothing more happens to a step by itself. */
const settled = {
  pending: false,
  running: false,
  waiting: false,
  succeeded: true,
  failed: true,
  skipped: true,
  cancelled: true,
} as const satisfies Record<StepStatus, boolean>;

function isStatus(status: string | null): status is StepStatus {
  return status !== null && statuses.includes(status);
}
