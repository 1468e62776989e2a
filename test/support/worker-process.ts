import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { listWorkers } from "../../src/store/workers.ts";
import type { World } from "./world.ts";

export interface WorkerProcess {
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<unknown>;
}

const program = fileURLToPath(new URL("./run-worker.ts", import.meta.url));

/** A worker in a process of its own, to be killed; resolves when it takes work. */
export async function workerProcess(world: World): Promise<WorkerProcess> {
  const before = new Set((await listWorkers(world.database.sql)).map(({ id }) => id));
  const child = execa(process.execPath, [program, world.database.url, world.home], {
    reject: false,
    stderr: "inherit",
  });
  await world.row(async () => {
    const workers = await listWorkers(world.database.sql);
    return workers.filter(({ id, alive }) => alive && !before.has(id));
  });
  return { kill: (signal) => void child.kill(signal), exited: child };
}
