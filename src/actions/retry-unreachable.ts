import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { RepositoryUnreachable } from "../domain/faults/git.ts";

export interface RetryLimits {
  readonly log: Logger;
  /** The deadline. */
  readonly late: AbortSignal;
  /** Cancels the retries at once, with its reason. */
  readonly stopping: AbortSignal;
  /** Called before each retry; false cancels the retries. */
  readonly stillWanted: () => Promise<boolean>;
}

const firstPauseMs = 1_000;
const longestPauseMs = 15_000;

/**
 * Retries `work` with backoff while the remote can't be reached, so that a forge's restart or a minute without network does
 * not fail a change. `work` has to be idempotent: the remote may have received a push before the connection broke. Throws
 * the last `RepositoryUnreachable` when `late` aborts, and any other error at once.
 */
export async function retryUnreachable<Value>(limits: RetryLimits, work: () => Promise<Value>): Promise<Value> {
  const { log, late, stopping, stillWanted } = limits;
  let unreachable: RepositoryUnreachable | null = null;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof RepositoryUnreachable) unreachable = error;
      // An attempt that the deadline cancelled explains less than the one before it.
      if (stopping.aborted || unreachable === null || !(error === unreachable || late.aborted)) throw error;
    }
    if (late.aborted) throw unreachable;
    log.warn({ err: unreachable }, "remote can't be reached; it will be retried");
    // With jitter, so that not every worker connects at the moment when the remote is back.
    await delay(pauseMs * (0.75 + Math.random() / 2), undefined, { signal: AbortSignal.any([late, stopping]) }).catch(
      () => {},
    );
    stopping.throwIfAborted();
    if (late.aborted || !(await stillWanted())) throw unreachable;
  }
}
