import { DatabaseUnavailable } from "../../domain/faults/kernel.ts";

/** A statement takes milliseconds. One that takes this long waits for a lock, or its connection is broken. */
const answerMs = 10_000;

/** The same promise, rejected as well when the signal aborts, and with `DatabaseUnavailable` when it takes too long. */
export async function inTime<Result>(promise: Promise<Result>, signal?: AbortSignal): Promise<Result> {
  const { promise: end, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal?.reason);
  const timer = setTimeout(() => reject(new DatabaseUnavailable(new Error("no answer in time"))), answerMs);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    signal?.throwIfAborted();
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}
