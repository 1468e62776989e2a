import type { Seen } from "../domain/change.ts";
import type { TaskName } from "../domain/lifecycles.ts";
import type { Sql } from "./sql.ts";

/** Enqueues the task again under its entity's key: a running job's successor, so that the one that runs may let go. */
export async function handOver(sql: Sql, task: TaskName, { id, version }: Seen<string>): Promise<void> {
  await sql`select fairlead.enqueue(${task}, ${id}, ${version})`;
}

/** Repairs entities without a job and fails those whose job has given up; how many of each. */
export async function reconcile(sql: Sql): Promise<{ enqueued: number; givenUp: number }> {
  const [row] = await sql<{ enqueued: number; givenUp: number }[]>`select enqueued, given_up from fairlead.reconcile()`;
  return row ?? { enqueued: 0, givenUp: 0 };
}
