import { EventEmitter } from "node:events";
import { fileURLToPath } from "node:url";
import { getTasks, Logger, run, type Task, type WorkerEvents } from "graphile-worker";
import type { Logger as Log } from "pino";
import { inContext, type TaskContext } from "../actions/run-task.ts";
import type { Services } from "../actions/services.ts";
import { openQueuePool, type QueuePool } from "../store/queue-pool.ts";
import { readQueueSchema } from "../store/settings.ts";
import { addPool, type WorkerId } from "../store/workers.ts";

const tasksFolder = fileURLToPath(new URL("../../tasks", import.meta.url));

/**
 * A job that follows an agent holds its slot for the agent's whole run, one that clones a repository may take minutes,
 * and one that merges waits for a remote that is gone, as does a clean-up that saves work there; a step of a plan takes
 * as long as its command. So each of these kinds has a pool of its own: no clean-up waits behind an agent or a merge, and what runs each minute waits behind none.
 */
const longTasks = ["provision", "implement", "preview"];
const stepTasks = ["run_step"];
const mergeTasks = ["merge"];
const cleanupTasks = ["cleanup", "stop_step"];
const shortConcurrency = 4;
/** Their runs say themselves how many steps may be running; a step of any kind is a process, or waits for one. */
const stepConcurrency = 16;
/** Clean-ups and stops mostly wait, and each stops its processes first: those of a cancelled change must not run on meanwhile. */
const cleanupConcurrency = 8;
/** Five listen; the others fetch and complete jobs, which takes milliseconds. Small teams' databases allow 100 in all. */
const queueConnections = 10;

export interface PoolOptions {
  readonly services: Services;
  readonly databaseUrl: string;
  readonly concurrency: number;
  readonly worker: WorkerId;
  readonly stopping: AbortSignal;
}

export interface Pools {
  /** Resolves with the reason when a pool ends that nobody asked to. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
}

export async function startPools(options: PoolOptions): Promise<Pools> {
  const { tasks } = await getTasks({ logger: quiet }, tasksFolder);
  const schema = await readQueueSchema(options.services.sql);
  const names = Object.keys(tasks);
  const started: Pool[] = [];
  const queue = openQueuePool(options.databaseUrl, {
    max: queueConnections,
    onError: (error) => options.services.log.debug({ err: error }, "queue connection lost"),
  });
  const start = async (wanted: string[], concurrency: number) => {
    const pool = await startPool(
      { ...options, schema, pgPool: queue.pool },
      pick(tasks as Record<string, Task>, wanted),
      concurrency,
    );
    // First, so that one that could not be listed is stopped as well: nobody would release what it locks.
    started.push(pool);
    await pool.listed();
  };
  const stopAll = async () => {
    await Promise.all(started.map((pool) => pool.stop()));
    await queue.close();
  };
  try {
    await start(longTasks, options.concurrency);
    await start(stepTasks, stepConcurrency);
    await start(mergeTasks, shortConcurrency);
    await start(cleanupTasks, cleanupConcurrency);
    const placed = [...longTasks, ...stepTasks, ...mergeTasks, ...cleanupTasks];
    await start(
      names.filter((name) => !placed.includes(name)),
      shortConcurrency,
    );
  } catch (error) {
    await stopAll();
    throw error;
  }
  let stopped = false;
  return {
    died: Promise.race(started.map((pool) => pool.ended)).then((why) =>
      stopped ? "asked to stop" : `a pool of jobs ended: ${why}`,
    ),
    async stop() {
      stopped = true;
      await stopAll();
    },
  };
}

const noReason = () => "it gave no reason";
const quiet = new Logger(() => () => {});

interface Pool {
  /** Resolves with the reason when it has ended. */
  readonly ended: Promise<string>;
  /** Rejects when it could not be listed as the worker's. */
  listed(): Promise<void>;
  stop(): Promise<void>;
}

async function startPool(
  { services, worker, stopping, schema, pgPool }: PoolOptions & { schema: string; pgPool: QueuePool["pool"] },
  tasks: Record<string, Task>,
  concurrency: number,
): Promise<Pool> {
  const events: WorkerEvents = new EventEmitter();
  const listings: Promise<PromiseSettledResult<void>[]>[] = [];
  // Settled from the start: a rejection while the runner is still coming up would be nobody's to catch.
  events.on("pool:create", ({ workerPool }) =>
    listings.push(Promise.allSettled([addPool(services.sql, worker, workerPool.id)])),
  );
  const context: TaskContext = { services, stopping };
  const taskList = Object.fromEntries(
    Object.entries(tasks).map(([name, task]): [string, Task] => [
      name,
      (payload, helpers) => inContext(context, () => task(payload, helpers)),
    ]),
  );
  const runner = await run({
    pgPool,
    taskList,
    // Its cron goes by the worker's own clock, and one that is fast would take the turns of all the others.
    parsedCronItems: [],
    noHandleSignals: true,
    logger: loggerTo(services.log),
    events,
    preset: {
      worker: {
        schema,
        concurrentJobs: concurrency,
        pollInterval: 1000,
        // Awaited completion: without batching a graceful stop leaves jobs locked.
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
  });
  return {
    ended: runner.promise.then(noReason, String),
    async listed() {
      const failed = (await Promise.all(listings)).flat().find((listing) => listing.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    },
    stop: () => runner.stop().catch(() => {}), // one that has ended by itself refuses to be stopped once more
  };
}

function pick(tasks: Record<string, Task>, names: readonly string[]): Record<string, Task> {
  return Object.fromEntries(
    names.map((name) => {
      const task = tasks[name];
      if (task === undefined) throw new Error(`there is no task ${name} in ${tasksFolder}`);
      return [name, task];
    }),
  );
}

/** graphile-worker's own lines, one level lower: what it calls information, nobody but its maintainers needs. */
function loggerTo(log: Log): Logger {
  return new Logger((scope) => (level, message, meta) => {
    const said = { scope, ...(meta?.error === undefined ? {} : { err: meta.error }) };
    if (level === "error") log.error(said, message);
    // Jobs hold no connection of the pool while they run, so fewer connections than jobs are enough.
    else if (level === "warning" && !message.includes("maxPoolSize")) log.warn(said, message);
    else log.trace(said, message);
  });
}
