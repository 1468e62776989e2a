import { setTimeout as delay } from "node:timers/promises";
import type { Sql } from "../../src/store/sql.ts";

const patienceMs = 20_000;

/** Asks at once for the tasks that come by themselves each minute. */
export async function orderMinutely(sql: Sql): Promise<void> {
  // One statement each: two new names of tasks in one transaction can meet a worker that is just telling its own.
  for (const task of ["reconcile", "enforce_lifecycles"]) {
    await sql`select from graphile_worker.add_job(${task}, job_key => ${task})`;
  }
}

/** Waits until there is nothing to do; at most as long as that should take. */
export async function untilIdle(sql: Sql): Promise<void> {
  const late = AbortSignal.timeout(patienceMs);
  while (!late.aborted && (await sql`select from graphile_worker.jobs limit 1`).length > 0) await delay(100);
}
