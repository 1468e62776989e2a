import { setTimeout as pause } from "node:timers/promises";
import type pg from "pg";

/** Ends a connection in whatever state it is; never waits longer than a second, never throws. */
export async function hangUp(client: pg.Client): Promise<void> {
  await Promise.race([client.end().catch(() => {}), pause(1_000, undefined, { ref: false })]);
}

/** The SQLSTATE, or a system error's code. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** An error in words. One that failed on several addresses has no message of its own. */
export function why(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(why).join("; ");
  return error instanceof Error ? error.message : String(error);
}
