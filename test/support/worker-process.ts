import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { onTestFinished } from "vitest";
import { listWorkers, type WorkerId } from "../../src/store/workers.ts";
import type { World } from "./world.ts";

export interface WorkerProcess {
  /** The one that it began with. */
  readonly id: WorkerId;
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<{ readonly exitCode?: number | undefined }>;
}

const program = fileURLToPath(new URL("./run-worker.ts", import.meta.url));

/** A worker in a process of its own, to be stopped, cut off and killed; resolves when it takes work. */
export async function workerProcess(
  world: World,
  variables: Readonly<Record<string, string>> = {},
): Promise<WorkerProcess> {
  const child = execa(process.execPath, [program, world.database.url, world.home], {
    env: { ...variables },
    reject: false,
    stderr: "inherit",
    ipc: true,
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await child.getOneMessage();
  const { id, pid } = await world.row(() => aliveIn(world, child.pid));
  return { id, pid, kill: (signal) => void child.kill(signal), exited: child };
}

/** Cuts the connection that holds a worker's lock: to the others it is dead from now on. */
export async function cutLock(world: World, id: WorkerId): Promise<void> {
  const { sql } = world.database;
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = ${`fairlead worker ${id}`}`;
}

/** Waits until a process has begun anew as a worker under another id: all that it did under the old one is over. */
export async function begunAnew(world: World, { id, pid }: WorkerProcess): Promise<WorkerId> {
  const worker = await world.row(async () => (await aliveIn(world, pid)).filter((alive) => alive.id !== id));
  return worker.id;
}

async function aliveIn(world: World, pid: number | undefined) {
  return (await listWorkers(world.database.sql)).filter((worker) => worker.alive && worker.pid === pid);
}
