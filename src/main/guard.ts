/** Keeps the process alive through rejections that are known to be harmless; any other still ends it. */
export function guardAgainstDriver(): void {
  process.on("unhandledRejection", (reason) => {
    if (!isDriversOwn(reason)) throw reason;
  });
  // graphile-worker's alone: it prints one for each connection that is lost while it stops, and logs the same.
  console.trace = () => {};
}

/**
 * Whether a rejection that is nobody's to catch is the one that is known to be harmless: graphile-worker gives the
 * connection on which it listens back twice when that is lost while it stops, and pg refuses the second time.
 */
export function isDriversOwn(error: unknown): boolean {
  return typeof error === "object" && error !== null && "message" in error && error.message === releasedTwice;
}

const releasedTwice = "Release called on client which has already been released to the pool.";
