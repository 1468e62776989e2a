import { RepositoryUnreachable } from "../domain/faults/git.ts";
import { redact } from "../domain/texts/redact.ts";

/**
 * Runs `talk` with a timeout. It also ends the wait where `talk` can't react to its signal: while it waits for another
 * change's fetch into the same mirror. Throws `RepositoryUnreachable` after the timeout, or the reason of `stopping`.
 */
export async function withRemoteTimeout<Said>(
  { url, timeoutMs, stopping }: { readonly url: string; readonly timeoutMs: number; readonly stopping?: AbortSignal },
  talk: (signal: AbortSignal) => Promise<Said>,
): Promise<Said> {
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = stopping === undefined ? limit : AbortSignal.any([limit, stopping]);
  try {
    return await Promise.race([talk(signal), whenAborted(limit)]);
  } catch (error) {
    stopping?.throwIfAborted();
    if (!limit.aborted) throw error;
    throw new RepositoryUnreachable(redact(url), `it did not answer within ${timeoutMs / 1000} s`);
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
