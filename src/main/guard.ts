/**
 * Keeps the process alive through the one rejection of graphile-worker's that is known to be harmless; any other still
 * ends it. And silences console.trace, which nobody else uses.
 */
export function guardAgainstQueue(): void {
  process.on("unhandledRejection", (reason) => {
    if (!isReleasedTwice(reason)) throw reason;
  });
  // It prints one for each connection that is lost while it stops, and logs the same.
  console.trace = () => {};
}

/**
 * graphile-worker gives the connection on which it listens back twice when that is lost while it stops; pg refuses the
 * second time, and nobody can catch that.
 */
export function isReleasedTwice(error: unknown): boolean {
  return typeof error === "object" && error !== null && "message" in error && error.message === releasedTwice;
}

const releasedTwice = "Release called on client which has already been released to the pool.";
