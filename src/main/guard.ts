import { isDriversOwn } from "../store/sql.ts";

/** Keeps the process alive through the one rejection that is known to be harmless; any other still ends it. */
export function guardAgainstDriver(): void {
  process.on("unhandledRejection", (reason) => {
    if (!isDriversOwn(reason)) throw reason;
  });
}
