import type { Seen } from "../domain/change.ts";
import type { Sql } from "./sql.ts";

/** Enqueues what an entity waits for once more, if it is still as it was seen, so that the job that runs may let go. */
export async function handOver(sql: Sql, { id, version }: Seen<string>): Promise<void> {
  await sql`select fairlead.enqueue_due(${id}, ${version})`;
}

/** Enqueues `reconcile` to run in a second, unless somebody has done so already. */
export async function askToReconcile(sql: Sql): Promise<void> {
  await sql`select fairlead.look_again()`;
}

/** Enqueues tasks to run at once, unless some worker has done so in this minute: however many ask, it happens once. */
export async function enqueueMinutely(sql: Sql, tasks: readonly string[]): Promise<void> {
  await sql`
    with due as (
      select ctid from fairlead.settings
      where minutely_at not between clock_timestamp() - interval '55 seconds' and clock_timestamp()
      for update skip locked
    ), kept as (
      update fairlead.settings s set minutely_at = clock_timestamp() from due where s.ctid = due.ctid returning true
    )
    select fairlead.add_job(task, null, task || ' each minute')
    from kept cross join unnest(${tasks}::text[]) as task`;
}

/** Repairs entities without a job and fails those whose job has given up; how many of each. */
export async function reconcile(sql: Sql): Promise<{ enqueued: number; givenUp: number }> {
  const [row] = await sql<{ enqueued: number; givenUp: number }[]>`select enqueued, given_up from fairlead.reconcile()`;
  return row ?? { enqueued: 0, givenUp: 0 };
}
