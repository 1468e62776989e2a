import type { Seen } from "../domain/change.ts";
import type { Sql } from "./sql.ts";

/** Enqueues what an entity waits for once more, if it is still as it was seen, so that the job that runs may let go. */
export async function handOver(sql: Sql, { id, version }: Seen<string>): Promise<void> {
  await sql`select fairlead.enqueue_due(${id}, ${version})`;
}

/** Repairs entities without a job and fails those whose job has given up; how many of each. */
export async function reconcile(sql: Sql): Promise<{ enqueued: number; givenUp: number }> {
  const [row] = await sql<{ enqueued: number; givenUp: number }[]>`select enqueued, given_up from fairlead.reconcile()`;
  return row ?? { enqueued: 0, givenUp: 0 };
}
