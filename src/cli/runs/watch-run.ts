import { setTimeout as delay } from "node:timers/promises";
import type { Services } from "../../actions/services.ts";
import type { Event } from "../../domain/event.ts";
import { DatabaseUnavailable } from "../../domain/faults/kernel.ts";
import type { Run, WaitsFor } from "../../domain/plans/run.ts";
import { stepBriefs } from "../../store/runs/run-progress.ts";
import { findRun } from "../../store/runs/runs.ts";
import { findStep } from "../../store/runs/steps.ts";
import { faultOf } from "../../store/sql.ts";
import { newsReader, type RunStanding } from "../changes/read-news.ts";
import type { OwnWorker } from "../with-worker.ts";
import { makeRunModel, type StepState } from "./run-model.ts";

/** Shows a person, or a program, how a run is carried on. */
export interface RunView {
  /** `step`: as it was by then; null for an event of the run itself, or of its environment. */
  happened(event: Event, step: StepState | null): void;
  /** Called all the time. */
  stands(run: Run, steps: readonly StepState[]): void;
  /** Called when this command has started a worker of its own. */
  ownWorkerStarted(): void;
  /** Takes away what is not to stay on the screen. */
  close(): void;
}

export interface WatchedRun {
  readonly run: Run;
  readonly view: RunView;
  readonly ownWorker: OwnWorker;
  readonly since: RunStanding;
}

const pollMs = 150;
const workerCheckMs = 3000;
const silenceLimitMs = 60_000;

/** Shows what happens to a run until it has ended, and gives it as it is then. Starts a worker of its own where none is alive. */
export async function watchRun(services: Services, watched: WatchedRun, interrupted: AbortSignal): Promise<Run> {
  const { view, ownWorker } = watched;
  const look = await looker(services, watched);
  let checkedForWorkersAt = 0;
  let answeredAt = Date.now();
  for (;;) {
    interrupted.throwIfAborted();
    let still = true;
    try {
      if (watched.run.finishedAt === null && Date.now() - checkedForWorkersAt > workerCheckMs) {
        if (await ownWorker.startIfNeeded()) view.ownWorkerStarted();
        checkedForWorkersAt = Date.now();
      }
      const { run, news } = await look();
      answeredAt = Date.now();
      still = news === 0;
      if (run.finishedAt !== null && still) return run;
    } catch (error) {
      // A Postgres that is restarted comes back; nothing of what is read here can be lost meanwhile.
      if (!(faultOf(error) instanceof DatabaseUnavailable) || Date.now() - answeredAt > silenceLimitMs) throw error;
    }
    if (still) await delay(pollMs, undefined, { signal: interrupted });
  }
}

/** Reads on at each call, and shows it; gives how many events there were. */
async function looker({ sql }: Services, { run: first, view, since }: WatchedRun) {
  const model = makeRunModel(await stepBriefs(sql, first.id));
  const events = newsReader(sql, first.id, since);
  let run = first;
  return async (): Promise<{ run: Run; news: number }> => {
    // The run first: what led to its status is there by then.
    run = (await findRun(sql, first.id)) ?? run;
    let news = 0;
    for await (const event of events()) {
      view.happened(event, model.see(event, await awaitedBy(event)));
      news += 1;
    }
    view.stands(run, model.steps());
    return { run, news };
  };

  /** The event of a step that begins to wait says for what, and not for whom. */
  async function awaitedBy({ kind, data }: Event): Promise<WaitsFor | null> {
    if (kind !== "step.waiting" || typeof data?.step !== "string") return null;
    if (data.for === "time" || data.for === "retry" || data.for === "limit") return { for: data.for };
    return (await findStep(sql, first.id, data.step))?.waitsFor ?? null;
  }
}
