import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { World } from "./world.ts";

export interface CountedAgent {
  /** How often it has been started, by what it has written down outside of its checkout. */
  starts(): Promise<number>;
}

/** Registers a repository whose agent is this shell script. What it says, it should say with a pause behind. */
export async function countedAgent(world: World, name: string, remote: string, script: string): Promise<CountedAgent> {
  const file = join(world.home, `starts-of-${name}`);
  const { sql } = world.database;
  const argv = ["sh", "-c", `echo started >> '${file}'; ${script}`];
  await sql`insert into fairlead.workspaces
      (name, repository_url, default_branch, agent, agent_settings, max_active_changes)
    values (${name}, ${remote}, 'main', 'command', ${sql.json({ argv })}, 100)`;
  return {
    async starts() {
      const text = await readFile(file, "utf8").catch(() => "");
      return text.split("\n").filter((line) => line !== "").length;
    },
  };
}

/** A script that says `line 1` to `line <count>`, with a pause behind each, and leaves a file. */
export const saysLines = (count: number, pauseSeconds: number): string =>
  `for n in $(seq ${count}); do echo line $n; sleep ${pauseSeconds}; done; echo done > made.txt`;

/** Waits until an agent has said something. */
export async function said(world: World, id: string, text: string): Promise<void> {
  await world.row(
    () => world.database.sql`
      select from fairlead.log_chunks where change_id = ${id} and process like 'agent-%' and text like ${`%${text}%`}`,
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
