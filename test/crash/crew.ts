import { couldNotBegin, type Orders, type Spares, type Worker } from "./spares.ts";

/** Workers of which each is replaced at once when it has ended. */
export interface Crew {
  /** Kills a worker, however far it is; false when its post is just being filled. */
  kill(number: number): boolean;
  /** Asks all of them to end, and says how those ended, now or before, that nobody had killed. */
  dismiss(): Promise<string[]>;
}

export function startCrew(spares: Spares, orders: Orders, count: number): Crew {
  const posts = new Map<number, Worker>();
  const badEnds: string[] = [];
  let isDismissed = false;

  async function fill(number: number): Promise<void> {
    while (!isDismissed) {
      const worker = await spares.begin(orders);
      posts.set(number, worker);
      if (isDismissed) await askToEnd(worker);
      const end = await worker.ended;
      posts.delete(number);
      if (end === "SIGKILL" || end === couldNotBegin || (end === 0 && isDismissed)) continue;
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
    async dismiss() {
      isDismissed = true;
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
