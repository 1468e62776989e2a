import type { Seen } from "../domain/change.ts";
import type { Sql } from "./sql.ts";
import type { WorkerId } from "./workers.ts";

/** Enqueues what an entity waits for once more, if it is still as it was seen, so that the job that runs may let go. */
export async function handOver(sql: Sql, { id, version }: Seen<string>): Promise<void> {
  await sql`select fairlead.enqueue_due(${id}, ${version})`;
}

/** Enqueues `reconcile` to run in a second, unless somebody has done so already. */
export async function askToReconcile(sql: Sql): Promise<void> {
  await sql`select fairlead.look_again()`;
}

/** Enqueues tasks to run at once, for the first of all workers: what they all ask for each minute happens once. */
export async function enqueueForAll(sql: Sql, worker: WorkerId, tasks: readonly string[]): Promise<void> {
  await sql`
    select from unnest(case when ${worker} = (select min(id) from fairlead.workers) then ${tasks}::text[] end) as task
    cross join lateral graphile_worker.add_job(task, job_key => task || ' each minute')`;
}

/** Repairs entities without a job and fails those whose job has given up; how many of each. */
export async function reconcile(sql: Sql): Promise<{ enqueued: number; givenUp: number }> {
  const [row] = await sql<{ enqueued: number; givenUp: number }[]>`select enqueued, given_up from fairlead.reconcile()`;
  return row ?? { enqueued: 0, givenUp: 0 };
}
