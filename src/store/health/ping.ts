import type { Sql } from "../sql.ts";

/** Resolves when Postgres answers, with our schema in it. */
export async function ping(sql: Sql): Promise<void> {
  await sql`select from fairlead.settings`;
}
