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
