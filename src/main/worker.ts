import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { ulid } from "ulid";
import { enlist } from "../actions/data-folder/enlist.ts";
import { settleIn } from "../actions/data-folder/settle-in.ts";
import type { Services } from "../actions/services.ts";
import { Fault } from "../domain/fault.ts";
import { PostgresConnectionsFew } from "../domain/faults/postgres.ts";
import { minutelyTasks } from "../domain/lifecycles.ts";
import { noteFolderSeen } from "../store/data-folders.ts";
import { connectionLimit, connectionsNeeded } from "../store/health/server-facts.ts";
import { askToReconcile, enqueueMinutely } from "../store/jobs.ts";
import { holdWorkerLock, releaseDeadWorkers, retireWorker, type WorkerId } from "../store/workers.ts";
import { startPools } from "./pools.ts";

export interface WorkerOptions {
  readonly services: Services;
  readonly databaseUrl: string;
  /** How many long tasks (provision, implement, preview) run at once. */
  readonly concurrency: number;
}

export interface WorkerHandle {
  /** True while it holds its lock and takes work. */
  readonly alive: () => boolean;
  /** Why it could not begin again; null while it works, and where the reason is not a `Fault`. */
  readonly refused: () => Fault | null;
  /** Hands its tasks over and ends. */
  stop(): Promise<void>;
}

const lookMs = 1000;
const askMs = 10_000;
// Whoever stops does not wait for a Postgres that is away: others release what it had.
const retireMs = 1000;
const stopMs = 4000;

/**
 * Runs tasks until it is stopped. Whatever ends it otherwise (its lock is lost, a pool of graphile-worker's dies of an
 * error) ends this life only: it lets go of all it has and begins anew under a new id. Throws where Postgres allows it too
 * few connections.
 */
export async function startWorker(options: WorkerOptions): Promise<WorkerHandle> {
  const allowed = await connectionLimit(options.services.sql);
  if (allowed < connectionsNeeded) throw new PostgresConnectionsFew(allowed, connectionsNeeded);
  const stopping = new AbortController();
  let life: Life | null = await beginLife(options);
  let refused: Fault | null = null;
  const couldNotBegin = (error: unknown): null => {
    // It tries each second: the same reason is logged once.
    const isKnown = error instanceof Fault && refused?.code === error.code;
    if (!isKnown) options.services.log.error({ err: error }, "worker could not begin");
    refused = error instanceof Fault ? error : null;
    return null;
  };
  const ended = (async () => {
    while (!stopping.signal.aborted) {
      const over = aborted(stopping.signal);
      const why = await Promise.race([life?.over ?? "begin", over.promise]);
      over.forget();
      const last = life;
      life = null;
      await last?.end();
      if (stopping.signal.aborted) return;
      if (refused === null) options.services.log.warn({ why }, "worker begins anew");
      await delay(lookMs);
      life = await beginLife(options).catch(couldNotBegin);
      if (life !== null) refused = null;
    }
  })();
  return {
    alive: () => life !== null,
    refused: () => refused,
    async stop() {
      stopping.abort();
      // While it begins anew with Postgres out of reach, it has nothing to hand over.
      await Promise.race([ended, delay(stopMs, undefined, { ref: false })]);
    },
  };
}

interface Life {
  /** Resolves with the reason when this life is over though nobody asked for it. */
  readonly over: Promise<string>;
  end(): Promise<void>;
}

async function beginLife({ services, databaseUrl, concurrency }: WorkerOptions): Promise<Life> {
  const id = ulid() as WorkerId;
  const log = services.log.child({ worker: id });
  const worker = { id, host: hostname(), pid: process.pid };
  let movedFrom: string | null = null;
  const lock = await holdWorkerLock(databaseUrl, worker, async (sql) => {
    movedFrom = await enlist(services, sql, worker);
  });
  const stopping = new AbortController();
  try {
    await settleIn({ ...services, log }, movedFrom);
    const pools = await startPools({
      services: { ...services, log },
      databaseUrl,
      concurrency,
      worker: id,
      stopping: stopping.signal,
    });
    const looking = lookForDead(services, stopping.signal);
    const watching = watchFolder(services, stopping.signal);
    const ticking = keepMinutes(services, stopping.signal);
    // Whatever happened while nobody was at work is put right now; where this fails, it is at the next full minute.
    await askToReconcile(services.sql).catch((error: unknown) => log.warn({ err: error }, "reconcile not asked for"));
    log.info("worker started");
    return {
      over: Promise.race([lock.lost.then(() => "its lock was lost"), pools.died, watching.gone]),
      async end() {
        stopping.abort();
        await pools.stop();
        await looking;
        await ticking;
        await watching.ended;
        // While the lock is held still; if Postgres is away, whoever finds the lock gone does the same.
        const retired = retireWorker(services.sql, id).catch(() => {});
        await Promise.race([retired, delay(retireMs, undefined, { ref: false })]);
        await lock.release();
        log.info("worker stopped");
      },
    };
  } catch (error) {
    stopping.abort();
    await lock.release();
    throw error;
  }
}

/**
 * Checks each second that the data folder is still there. When it is not, this life ends: tasks would take the missing files
 * for lost environments.
 */
function watchFolder({ dataFolder }: Services, stopping: AbortSignal): { gone: Promise<string>; ended: Promise<void> } {
  const { promise: gone, resolve: goneFor } = Promise.withResolvers<string>();
  const ended = (async () => {
    while (!stopping.aborted) {
      await dataFolder.check().catch((error: Error) => goneFor(error.message));
      await delay(lookMs, undefined, { signal: stopping }).catch(() => {});
    }
  })();
  return { gone, ended };
}

/** Looks each second for workers whose lock is gone and releases their jobs. */
async function lookForDead({ sql, log }: Services, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    try {
      const dead = await releaseDeadWorkers(sql);
      if (dead.length > 0) log.warn({ dead }, "jobs of dead workers released");
    } catch (error) {
      log.warn({ err: error }, "could not look for dead workers");
    }
    await delay(lookMs, undefined, { signal: stopping }).catch(() => {});
  }
}

/**
 * Has the tasks that nobody asks for run each minute. graphile-worker's cron would do it by the workers' own clocks, and
 * one that is an hour fast puts off the runs of all the others for as long as it lives.
 */
async function keepMinutes({ sql, log, dataFolder }: Services, stopping: AbortSignal): Promise<void> {
  const tick = async () => {
    await enqueueMinutely(sql, minutelyTasks);
    const id = await dataFolder.id();
    if (id !== null) await noteFolderSeen(sql, id);
  };
  while (!stopping.aborted) {
    await tick().catch((error: unknown) => log.warn({ err: error }, "minute not kept"));
    await delay(askMs, undefined, { signal: stopping }).catch(() => {});
  }
}

function aborted(signal: AbortSignal): { promise: Promise<string>; forget: () => void } {
  const { promise, resolve } = Promise.withResolvers<string>();
  const listener = () => resolve("asked to stop");
  if (signal.aborted) listener();
  signal.addEventListener("abort", listener, { once: true });
  return { promise, forget: () => signal.removeEventListener("abort", listener) };
}
