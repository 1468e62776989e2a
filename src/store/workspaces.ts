import type { ChangeId, WorkspaceName } from "../domain/ids.ts";
import type { Workspace } from "../domain/workspace.ts";
import type { Json, Sql } from "./sql.ts";

const columns = [
  "name",
  "repositoryUrl",
  "defaultBranch",
  "provider",
  "agent",
  "agentSettings",
  "agents",
  "blueprint",
  "planId",
  "hosts",
  "sshAgent",
  "maxActiveChanges",
  "createdAt",
  "updatedAt",
] as const;

export type NewWorkspace = Omit<Workspace, "createdAt" | "updatedAt" | "maxActiveChanges"> & {
  /** Null for the default of the database. */
  readonly maxActiveChanges: number | null;
};

/** Null when there is a workspace of that name already. */
export async function addWorkspace(sql: Sql, workspace: NewWorkspace): Promise<Workspace | null> {
  const rows = await sql<Workspace[]>`
    insert into fairlead.workspaces
      (name, repository_url, default_branch, provider, agent, agent_settings, agents, blueprint, plan_id,
        hosts, ssh_agent, max_active_changes)
    values (${workspace.name}, ${workspace.repositoryUrl}, ${workspace.defaultBranch}, ${workspace.provider},
      ${workspace.agent}, ${sql.json(workspace.agentSettings as Json)}, ${sql.json(workspace.agents as Json)},
      ${sql.json(workspace.blueprint as Json)},
      ${workspace.planId}, ${workspace.hosts as string[]}, ${workspace.sshAgent},
      coalesce(${workspace.maxActiveChanges}::int, 6))
    on conflict (name) do nothing returning ${sql(columns)}`;
  return rows[0] ?? null;
}

export async function findWorkspace(sql: Sql, name: WorkspaceName): Promise<Workspace | null> {
  const rows = await sql<Workspace[]>`select ${sql(columns)} from fairlead.workspaces where name = ${name}`;
  return rows[0] ?? null;
}

/** The workspace that was registered first for a repository. */
export async function workspaceOfRepository(sql: Sql, repositoryUrl: string): Promise<Workspace | null> {
  const rows = await sql<Workspace[]>`
    select ${sql(columns)} from fairlead.workspaces where repository_url = ${repositoryUrl} order by created_at limit 1`;
  return rows[0] ?? null;
}

export async function listWorkspaces(sql: Sql, limit: number): Promise<Workspace[]> {
  return sql<Workspace[]>`select ${sql(columns)} from fairlead.workspaces order by name limit ${limit}`;
}

/** Whether the workspace of a change lets its processes use the server's SSH agent. */
export async function allowsSshAgent(sql: Sql, changeId: ChangeId): Promise<boolean> {
  const rows = await sql`
    select from fairlead.change_requests c join fairlead.workspaces w on w.name = c.workspace
    where c.id = ${changeId} and w.ssh_agent`;
  return rows.length === 1;
}

/** Remembers what the remote said its default branch is, where nobody has said otherwise. */
export async function noteDefaultBranch(sql: Sql, name: WorkspaceName, branch: string): Promise<void> {
  await sql`update fairlead.workspaces set default_branch = ${branch} where name = ${name} and default_branch is null`;
}

/** False when a change was ever asked for in it, or there is no such workspace: history is not thrown away. */
export async function removeWorkspace(sql: Sql, name: WorkspaceName): Promise<boolean> {
  const rows = await sql`
    delete from fairlead.workspaces w where w.name = ${name}
      and not exists (select from fairlead.change_requests c where c.workspace = w.name)
      and not exists (select from fairlead.environments e where e.workspace = w.name)
    returning w.name`;
  return rows.length === 1;
}
