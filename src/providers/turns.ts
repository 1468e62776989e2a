const last = new Map<string, Promise<unknown>>();

/** Runs work that shares a key one after the other within this process; a failure doesn't stop the next. */
export async function inTurn<Value>(key: string, work: () => Promise<Value>): Promise<Value> {
  const before = last.get(key) ?? Promise.resolve();
  const mine = before.then(work, work);
  const settled = mine.catch(() => undefined);
  last.set(key, settled);
  try {
    return await mine;
  } finally {
    if (last.get(key) === settled) last.delete(key);
  }
}
