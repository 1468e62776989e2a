import { needOwnFolder } from "../actions/data-folder/standing.ts";
import type { Assembly, Cli } from "./cli.ts";
import { withAssembly } from "./cli.ts";
import { anyWorkerAlive } from "./doctor/workers-alive.ts";

/** The worker that a command starts in its own process while it follows a run and no other worker is alive. */
export interface OwnWorker {
  /** Starts it if no worker is alive; true when this call has started it. */
  startIfNeeded(): Promise<boolean>;
  readonly isStarted: () => boolean;
}

/** Throws if no worker is alive and this process may not start one: the request would wait forever. */
async function mayWork({ services, close }: Assembly): Promise<void> {
  try {
    if (!(await anyWorkerAlive(services))) await needOwnFolder(services);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Like `withAssembly`; the own worker, if it was started, hands its jobs over before the database connection is closed. */
export async function withWorker<Result>(
  cli: Pick<Cli, "open" | "startWorker">,
  work: (assembly: Assembly, ownWorker: OwnWorker, interrupted: AbortSignal) => Promise<Result>,
): Promise<Result> {
  let worker: ReturnType<Cli["startWorker"]> | null = null;
  let closing = false;
  const open = async (): Promise<Assembly> => {
    const assembly = await cli.open();
    await mayWork(assembly);
    return {
      ...assembly,
      async close() {
        closing = true;
        const started = await worker?.catch(() => null);
        await started?.stop();
        await assembly.close();
      },
    };
  };
  return await withAssembly(open, async (assembly, interrupted) => {
    const ownWorker: OwnWorker = {
      isStarted: () => worker !== null,
      async startIfNeeded() {
        if (worker !== null || (await anyWorkerAlive(assembly.services)) || closing) return false;
        worker = cli.startWorker(assembly);
        await worker;
        return true;
      },
    };
    return await work(assembly, ownWorker, interrupted);
  });
}
