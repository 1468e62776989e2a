import type { World } from "./world.ts";

/** Waits until an agent has said something, and says where. */
export function said(world: World, id: string, text: string): Promise<{ readonly environmentId: string }> {
  return world.row(
    () => world.database.sql<{ environmentId: string }[]>`
      select environment_id from fairlead.log_chunks
      where change_id = ${id} and process like 'agent-%' and text like ${`%${text}%`}`,
  );
}

/** All that a change's agents have said, as the log has it. */
export async function logOf(world: World, id: string): Promise<string> {
  const chunks = await world.database.sql<{ text: string }[]>`
    select text from fairlead.log_chunks
    where change_id = ${id} and process like 'agent-%' and stream = 'stdout' order by seq`;
  return chunks.map(({ text }) => text).join("");
}

/** What has happened to a change and its environments, in order. */
export async function eventsOf(world: World, id: string): Promise<string[]> {
  const rows = await world.database.sql<{ kind: string; version: number }[]>`
    select kind, version from fairlead.events where change_id = ${id} order by xid, seq`;
  return rows.map(({ kind, version }) => `${kind} ${version}`);
}
