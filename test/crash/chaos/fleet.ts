import { couldNotBegin, type Orders, type Spares, type Worker } from "../workers/spares.ts";

/** A fixed number of workers; each is replaced at once when it has ended. */
export interface Fleet {
  /** Kills a worker, also while it starts; false while its replacement does not exist yet. */
  kill(number: number): boolean;
  /** Asks all workers to end, and returns how each ended that was not killed. */
  stop(): Promise<string[]>;
}

export function startFleet(spares: Spares, orders: Orders, count: number): Fleet {
  const posts = new Map<number, Worker>();
  const badEnds: string[] = [];
  let isStopped = false;

  async function fill(number: number): Promise<void> {
    while (!isStopped) {
      const worker = await spares.begin(orders);
      posts.set(number, worker);
      if (isStopped) await askToEnd(worker);
      const end = await worker.ended;
      posts.delete(number);
      if (end === "SIGKILL" || end === couldNotBegin || (end === 0 && isStopped)) continue;
      badEnds.push(`worker ${worker.pid} ended with ${end}: ${worker.complaints().slice(-2000)}`);
    }
  }

  const filled = Array.from({ length: count }, (_, number) => fill(number));
  return {
    kill(number) {
      const worker = posts.get(number);
      worker?.kill("SIGKILL");
      return worker !== undefined;
    },
    async stop() {
      isStopped = true;
      await Promise.all([...posts.values()].map(askToEnd));
      await Promise.all(filled);
      return badEnds;
    },
  };
}

/** Before it has started it would end of the signal, in no order at all. */
async function askToEnd(worker: Worker): Promise<void> {
  await worker.started;
  worker.kill("SIGTERM");
}
