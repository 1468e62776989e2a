import type { Sql } from "../../src/store/sql.ts";

/** Where the jobs are, for tests that play a worker or turn a clock: all else sees them as `fairlead.jobs`. */
export const jobsTable = "fairlead_worker._private_jobs";

/** Uses up a job's attempts, as a task that has thrown too often does. */
export async function failForGood(sql: Sql, id: string | undefined, why: string): Promise<void> {
  await sql`select from ${sql("fairlead_worker")}.permanently_fail_jobs(array[${id ?? ""}::bigint], ${why})`;
}
