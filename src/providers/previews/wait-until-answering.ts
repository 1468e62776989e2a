import { setTimeout as delay } from "node:timers/promises";
import { PreviewExited, PreviewNotAnswering } from "../../domain/faults/previews.ts";
import type { Listener } from "../environments/port.ts";

export interface Wait {
  readonly url: string;
  readonly timeoutMs: number;
  readonly intervalMs: number;
  /** Whether the preview's process is still running. */
  readonly alive: () => Promise<boolean>;
  /** Who it is that answers. */
  readonly listener: () => Promise<Listener>;
  readonly signal: AbortSignal;
}

/**
 * Returns when the app answers a request with any status below 500: a 404 at `/` is an app that has no page there, a
 * 500 one that may be starting still. An answer of another program's on that port is none. Throws `PreviewExited`,
 * `PreviewNotAnswering`, and the signal's reason.
 */
export async function waitUntilAnswering({ url, timeoutMs, intervalMs, alive, listener, signal }: Wait): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last = "no answer";
  for (;;) {
    signal.throwIfAborted();
    const left = deadline - performance.now();
    const answered = await ask(url, Math.max(left, 1), signal);
    const answer = answered.ok ? await fromIts(listener, answered) : answered;
    signal.throwIfAborted();
    // Asked after the answer, so that somebody else's server on this port is not taken for an app that has ended.
    if (!(await alive())) throw new PreviewExited(url);
    if (answer.ok) return;
    last = answer.words === "no answer" && last !== "no answer" ? last : answer.words;
    if (performance.now() + intervalMs >= deadline) throw new PreviewNotAnswering(url, timeoutMs, last);
    await delay(intervalMs, undefined, { signal });
  }
}

const requestTimeoutMs = 10_000;

interface Answer {
  readonly ok: boolean;
  readonly words: string;
}

/** Where nobody listens, the machine itself passes connections on, as container engines have it do. */
async function fromIts(listener: Wait["listener"], answer: Answer): Promise<Answer> {
  switch (await listener()) {
    case "own":
    case "nobody":
    case "unknown":
      return answer;
    case "other":
      return { ok: false, words: "another program listens on that port" };
  }
}

async function ask(url: string, leftMs: number, signal: AbortSignal): Promise<Answer> {
  const limit = AbortSignal.timeout(Math.ceil(Math.min(leftMs, requestTimeoutMs)));
  try {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.any([signal, limit]) });
    await response.body?.cancel();
    return { ok: response.status < 500, words: `status ${response.status}` };
  } catch (error) {
    return { ok: false, words: limit.aborted ? "no answer" : wordsOf(error) };
  }
}

function wordsOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
  if (code === "ECONNREFUSED") return "connection refused";
  return code ?? (cause instanceof Error ? cause.message : String(error));
}
