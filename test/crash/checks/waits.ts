import { setTimeout as delay } from "node:timers/promises";
import type { Sql } from "../../../src/store/sql.ts";
import { listWorkers } from "../../../src/store/workers.ts";

// These wait at most as long as it should take: the checks that follow say what has not come.

/** Waits until no worker is listed that has died. */
export async function untilAllLive(sql: Sql): Promise<void> {
  const late = AbortSignal.timeout(5_000);
  while (!late.aborted && (await listWorkers(sql)).some(({ alive }) => !alive)) await delay(50);
}

/** Waits until there is nothing to do. */
export async function untilIdle(sql: Sql): Promise<void> {
  const late = AbortSignal.timeout(20_000);
  while (!late.aborted && (await sql`select from fairlead.jobs limit 1`).length > 0) await delay(100);
}
