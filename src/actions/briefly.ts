import { RepositoryUnreachable } from "../domain/faults/git.ts";
import { redact } from "../domain/texts/redact.ts";

/**
 * Talks to a remote for no longer than it is given. The wait ends also where `talk` itself can't: behind somebody else's
 * fetch into the same mirror. Throws `RepositoryUnreachable`, or the reason why we stop.
 */
export async function briefly<Said>(
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
