import type { Sql } from "./sql.ts";

/** What the kernel in Postgres has to know of the settings. */
export interface KernelSettings {
  readonly maxActiveChanges: number;
  readonly firstPort: number;
}

/** Writes the settings that were given; those left out stay as they are. */
export async function writeSettings(
  sql: Sql,
  { maxActiveChanges, firstPort }: { [Name in keyof KernelSettings]?: KernelSettings[Name] | undefined },
): Promise<void> {
  await sql`
    update fairlead.settings set max_active_changes = coalesce(${maxActiveChanges ?? null}::int, max_active_changes),
      first_port = coalesce(${firstPort ?? null}::int, first_port)`;
}

/** The schema that the queue is in. */
export async function readQueueSchema(sql: Sql): Promise<string> {
  const [row] = await sql<[{ queueSchema: string }]>`select queue_schema from fairlead.installation`;
  return row.queueSchema;
}

export async function readPortsPerEnvironment(sql: Sql): Promise<number> {
  const [row] = await sql<{ ports: number }[]>`select ports_per_environment as ports from fairlead.settings`;
  return row?.ports ?? 10;
}
