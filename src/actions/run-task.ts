import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { Seen } from "../domain/change.ts";
import { DatabaseUnavailable } from "../domain/faults/kernel.ts";
import type { TaskName } from "../domain/lifecycles.ts";
import { handOver } from "../store/jobs.ts";
import { faultOf } from "../store/sql.ts";
import type { Services } from "./services.ts";

/** What a worker gives to the tasks it runs. */
export interface TaskContext {
  readonly services: Services;
  /** Aborted when the worker is asked to stop: tasks hand over then. */
  readonly stopping: AbortSignal;
}

const context = new AsyncLocalStorage<TaskContext>();

/** Runs a task's function with the services of this worker. */
export function inContext<Result>(given: TaskContext, run: () => Result): Result {
  return context.run(given, run);
}

export type EntityAction = (services: Services, seen: Seen<string>, stopping: AbortSignal) => Promise<void>;

/**
 * The one shape of a task that carries an entity on. When the worker is asked to stop in the middle, the task enqueues
 * itself again at once and lets go: no attempt is spent, and what it had started runs on to be adopted.
 */
export function entityTask(task: TaskName, action: EntityAction): (payload: unknown) => Promise<void> {
  return async (payload) => {
    const { services, stopping } = currentContext();
    const seen = payload as Seen<string>; // only fairlead.enqueue() writes these
    const log = services.log.child({ task, entity: seen.id, version: seen.version });
    try {
      await oneAtATime(`${task} ${seen.id} ${seen.version}`, () =>
        whileDatabaseIsAway(stopping, () => action({ ...services, log }, seen, stopping)),
      );
    } catch (error) {
      if (!stopping.aborted) throw error;
      await handOver(services.sql, seen);
      log.info("handed over");
    }
  };
}

const againMs = 500;
const triesAtMost = 240;

/**
 * Begins an action anew when it lost Postgres: whatever it had done is found done. The queue would spend an attempt and
 * wait longer each time, up to hours.
 */
async function whileDatabaseIsAway(stopping: AbortSignal, run: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (raised) {
      const error = faultOf(raised);
      if (!(error instanceof DatabaseUnavailable) || tries === triesAtMost) throw error;
      await delay(againMs, undefined, { signal: stopping });
    }
  }
}

const running = new Map<string, Promise<void>>();

/** Doubles of a job wait for the one that came first; when it has settled, they find that there is nothing left to do. */
async function oneAtATime(key: string, run: () => Promise<void>): Promise<void> {
  const mine = (running.get(key) ?? Promise.resolve()).catch(() => {}).then(run);
  running.set(key, mine);
  try {
    await mine;
  } finally {
    if (running.get(key) === mine) running.delete(key);
  }
}

/** A task that cron runs, with no entity of its own. */
export function cronTask(action: (services: Services) => Promise<void>): () => Promise<void> {
  return () => action(currentContext().services);
}

function currentContext(): TaskContext {
  const given = context.getStore();
  if (given === undefined) throw new Error("Fairlead's tasks run in its own worker: start it with `fairlead start`");
  return given;
}
