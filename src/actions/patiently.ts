import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { RepositoryUnreachable } from "../domain/faults/git.ts";

export interface Patience {
  readonly log: Logger;
  /** Aborted when time is up. */
  readonly late: AbortSignal;
  /** Ends the waiting at once, with its reason. */
  readonly stopping: AbortSignal;
  /** Asked before each further try; false ends the waiting. */
  readonly stillWanted: () => Promise<boolean>;
}

const firstPauseMs = 1_000;
const longestPauseMs = 15_000;

/**
 * Runs work again and again while the remote can't be reached: a forge that is restarted, or a network that is away for
 * a minute, must not cost a change what was done for it. The work has to be repeatable, as the remote may have got what
 * it was sent before it went. Throws the last `RepositoryUnreachable` when time is up, and any other error at once.
 */
export async function patiently<Value>(patience: Patience, work: () => Promise<Value>): Promise<Value> {
  const { log, late, stopping, stillWanted } = patience;
  let unreachable: RepositoryUnreachable | null = null;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof RepositoryUnreachable) unreachable = error;
      // A try that was cut off when time was up says less than the one before it.
      if (stopping.aborted || unreachable === null || !(error === unreachable || late.aborted)) throw error;
    }
    if (late.aborted) throw unreachable;
    log.warn({ err: unreachable }, "remote can't be reached, waiting for it");
    // Partly by chance, so that a remote that comes back doesn't meet all who wait for it at once.
    await delay(pauseMs * (0.75 + Math.random() / 2), undefined, { signal: AbortSignal.any([late, stopping]) }).catch(
      () => {},
    );
    stopping.throwIfAborted();
    if (late.aborted || !(await stillWanted())) throw unreachable;
  }
}
