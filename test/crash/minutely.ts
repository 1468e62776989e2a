import { minutelyTasks } from "../../src/domain/lifecycles.ts";
import type { Sql } from "../../src/store/sql.ts";

/** Asks at once for the tasks that come by themselves each minute. */
export async function orderMinutely(sql: Sql): Promise<void> {
  // One statement each: two new names of tasks in one transaction can meet a worker that is just telling its own.
  for (const task of minutelyTasks) {
    await sql`select fairlead.add_job(${task}, null, ${task})`;
  }
}
