import { needOwnFolder } from "../actions/data-folder/standing.ts";
import type { Assembly, Cli } from "./cli.ts";
import { withAssembly } from "./cli.ts";
import { anyWorkerAlive } from "./doctor/workers-alive.ts";

/** Lets a command that follows something do the work itself where nobody else does. */
export interface Hand {
  /** Becomes a worker if none is alive; true when it has become one by this. */
  lend(): Promise<boolean>;
  /** Whether this process is a worker. */
  readonly lent: () => boolean;
}

/** Throws where no worker is alive and this process may not be one either: the request would wait forever. */
async function mayWork({ services, close }: Assembly): Promise<void> {
  try {
    if (!(await anyWorkerAlive(services))) await needOwnFolder(services);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Like `withAssembly`; what was begun as a worker is handed over before the database is closed, in any case. */
export async function withHand<Result>(
  cli: Pick<Cli, "open" | "startWorker">,
  work: (assembly: Assembly, hand: Hand, interrupted: AbortSignal) => Promise<Result>,
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
    const hand: Hand = {
      lent: () => worker !== null,
      async lend() {
        if (worker !== null || (await anyWorkerAlive(assembly.services)) || closing) return false;
        worker = cli.startWorker(assembly);
        await worker;
        return true;
      },
    };
    return await work(assembly, hand, interrupted);
  });
}
