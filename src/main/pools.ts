import { EventEmitter } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  getTasks,
  Logger,
  type ParsedCronItem,
  parseCrontab,
  type Runner,
  run,
  type Task,
  type WorkerEvents,
} from "graphile-worker";
import type { Logger as Log } from "pino";
import { inContext, type TaskContext } from "../actions/run-task.ts";
import type { Services } from "../actions/services.ts";
import { addPool, type WorkerId } from "../store/workers.ts";

const tasksFolder = fileURLToPath(new URL("../../tasks", import.meta.url));

/**
 * A job that follows an agent holds its slot for the agent's whole run, and one that clones a repository may take
 * minutes; so these have a pool of their own, and a clean-up or a merge never waits behind them.
 */
const longTasks = ["provision", "implement", "preview"];

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
  const names = Object.keys(tasks);
  const crontab = parseCrontab(await readFile(`${tasksFolder}/crontab`, "utf8"));
  const runners: Runner[] = [];
  const ends: Promise<string>[] = [];
  const start = async (wanted: string[], concurrency: number, cron: ParsedCronItem[]) => {
    const pool = await startPool(options, pick(tasks as Record<string, Task>, wanted), concurrency, cron);
    // First, so that one that could not be listed is stopped as well: nobody would release what it locks.
    runners.push(pool.runner);
    ends.push(pool.runner.promise.then(noReason, String));
    await pool.listed();
  };
  try {
    await start(longTasks, options.concurrency, []);
    await start(
      names.filter((name) => !longTasks.includes(name)),
      4,
      crontab,
    );
  } catch (error) {
    await Promise.allSettled(runners.map((runner) => runner.stop()));
    throw error;
  }
  let stopped = false;
  return {
    died: Promise.race(ends).then((why) => (stopped ? "asked to stop" : `a pool of jobs ended: ${why}`)),
    async stop() {
      stopped = true;
      // A runner that has ended by itself refuses to be stopped once more.
      await Promise.allSettled(runners.map((runner) => runner.stop()));
    },
  };
}

const noReason = () => "it gave no reason";
const quiet = new Logger(() => () => {});

async function startPool(
  { services, databaseUrl, worker, stopping }: PoolOptions,
  tasks: Record<string, Task>,
  concurrency: number,
  cron: ParsedCronItem[],
): Promise<{ runner: Runner; listed: () => Promise<void> }> {
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
    connectionString: databaseUrl,
    taskList,
    parsedCronItems: cron,
    noHandleSignals: true,
    logger: loggerTo(services.log),
    events,
    preset: {
      worker: {
        concurrentJobs: concurrency,
        maxPoolSize: concurrency + 2,
        pollInterval: 1000,
        // Awaited completion: without batching a graceful stop leaves jobs locked.
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
  });
  return {
    runner,
    async listed() {
      const failed = (await Promise.all(listings)).flat().find((listing) => listing.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    },
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
    else if (level === "warning") log.warn(said, message);
    else log.trace(said, message);
  });
}
