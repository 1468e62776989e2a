import { isDriversOwn } from "../store/sql.ts";

/** Keeps the process alive through rejections that are known to be harmless; any other still ends it. */
export function guardAgainstDriver(): void {
  process.on("unhandledRejection", (reason) => {
    if (!isDriversOwn(reason)) throw reason;
  });
  // graphile-worker's alone: it prints one for each connection that is lost while it stops, and logs the same.
  console.trace = () => {};
}
