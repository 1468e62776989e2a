/** Work that several callers wait for. */
interface Shared {
  readonly result: Promise<unknown>;
  readonly ending: AbortController;
  callers: number;
}

type Work<Value> = (signal: AbortSignal) => Promise<Value>;

const running = new Map<string, Shared>();
const next = new Map<string, Shared>();

/**
 * Joins the work that is running under a key, or begins it. A caller whose signal is aborted stops waiting and gets the signal's
 * reason; when no caller waits any more, the work itself is aborted.
 */
export async function joinWork<Value>(key: string, signal: AbortSignal | undefined, work: Work<Value>): Promise<Value> {
  signal?.throwIfAborted();
  return await join(key, running.get(key) ?? begin(key, work), signal);
}

/** The same for work that has to begin after the call: it does not join running work, but waits for it and shares the next one. */
export async function joinNextWork<Value>(
  key: string,
  signal: AbortSignal | undefined,
  work: Work<Value>,
): Promise<Value> {
  signal?.throwIfAborted();
  const current = running.get(key);
  if (current === undefined) return await join(key, begin(key, work), signal);
  return await join(key, next.get(key) ?? follow(key, current, work), signal);
}

function begin<Value>(key: string, work: Work<Value>): Shared {
  const ending = new AbortController();
  const shared: Shared = { result: work(ending.signal), ending, callers: 0 };
  running.set(key, shared);
  forgetAtEnd(key, shared);
  return shared;
}

function follow<Value>(key: string, current: Shared, work: Work<Value>): Shared {
  const ending = new AbortController();
  const { promise: result, resolve } = Promise.withResolvers<Value>();
  const shared: Shared = { result, ending, callers: 0 };
  next.set(key, shared);
  forgetAtEnd(key, shared);
  const start = async (): Promise<Value> => {
    ending.signal.throwIfAborted();
    next.delete(key);
    running.set(key, shared);
    return await work(ending.signal);
  };
  const settled = () => resolve(start());
  current.result.then(settled, settled);
  return shared;
}

function forgetAtEnd(key: string, shared: Shared): void {
  const forget = () => drop(key, shared);
  shared.result.then(forget, forget);
}

function drop(key: string, shared: Shared): void {
  for (const works of [running, next]) if (works.get(key) === shared) works.delete(key);
}

async function join<Value>(key: string, shared: Shared, signal: AbortSignal | undefined): Promise<Value> {
  shared.callers += 1;
  const left = Promise.withResolvers<never>();
  const leave = () => left.reject(signal?.reason);
  signal?.addEventListener("abort", leave, { once: true });
  try {
    return (await Promise.race([shared.result, left.promise])) as Value;
  } finally {
    signal?.removeEventListener("abort", leave);
    shared.callers -= 1;
    if (shared.callers === 0) {
      shared.ending.abort(new Error("nothing waits for it any more"));
      drop(key, shared);
    }
  }
}
