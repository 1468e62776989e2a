import type { ChangeId } from "../../../src/domain/ids.ts";
import { gitIn, type World } from "../../support/world.ts";

/** Registers a repository whose agent is a shell script, and says how its app is set up and started. */
export async function shellWorkspace(
  { database: { sql } }: World,
  name: string,
  remote: string,
  { script, blueprint = {} }: { readonly script: string; readonly blueprint?: Readonly<Record<string, unknown>> },
): Promise<void> {
  await sql`insert into fairlead.workspaces
      (name, repository_url, default_branch, agent, agent_settings, blueprint, max_active_changes)
    values (${name}, ${remote}, 'main', 'command', ${sql.json(settingsFor(script))}, ${sql.json(blueprint as never)}, 100)`;
}

/** From now on the agent of a workspace runs this script. */
export async function nowRuns({ database: { sql } }: World, name: string, script: string): Promise<void> {
  await sql`update fairlead.workspaces set agent_settings = ${sql.json(settingsFor(script))} where name = ${name}`;
}

const settingsFor = (script: string) => ({ argv: ["sh", "-ec", `cat > /dev/null\n${script}`] });

/** Every file that a commit has, with its path. */
export async function allFilesOn(remote: string, commit: string | null): Promise<string[]> {
  return (await gitIn(remote, "ls-tree", "-r", "--name-only", commit ?? "")).split("\n");
}

export interface Told {
  readonly code: string;
  readonly text: string;
}

/** What people are told about a change besides its status. */
export async function noticesOf(world: World, id: ChangeId): Promise<Told[]> {
  const { notices } = await world.change(id);
  return notices.map(({ code, text }) => ({ code, text }));
}
