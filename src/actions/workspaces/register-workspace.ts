import { TargetBranchUnknown, WorkspaceExists } from "../../domain/faults/requests.ts";
import type { WorkspaceName } from "../../domain/ids.ts";
import type { Workspace } from "../../domain/workspace.ts";
import { addWorkspace, type NewWorkspace as Row, workspaceOfRepository } from "../../store/workspaces.ts";
import { needPlan } from "../runs/need-plan.ts";
import type { Services } from "../services.ts";

/** Without a default branch the remote is asked for its own. */
export type NewWorkspace = Omit<Row, "provider">;

/** Registers a repository after it has answered: one that does not is refused, and nothing is stored. */
export async function registerWorkspace(services: Services, workspace: NewWorkspace): Promise<Workspace> {
  services.agent(workspace.agent).checkSettings(workspace.agentSettings);
  for (const [name, settings] of Object.entries(workspace.agents)) services.agent(name).checkSettings(settings);
  if (workspace.planId !== null) await needPlan(services, workspace.planId);
  const repository = services.repository(workspace.repositoryUrl);
  const defaultBranch = workspace.defaultBranch ?? (await repository.defaultBranch());
  if (!(await repository.hasBranch(defaultBranch))) throw new TargetBranchUnknown(defaultBranch, null);
  const row = { ...workspace, repositoryUrl: repository.url, defaultBranch, provider: "local" };
  const added = await addWorkspace(services.sql, row);
  if (added === null) throw new WorkspaceExists(workspace.name);
  services.log.info({ workspace: added.name }, "workspace registered");
  return added;
}

/** The workspace of a repository; registers one under the first of these names that is free when there is none. */
export async function workspaceFor(
  services: Services,
  repositoryUrl: string,
  { names, agent }: { readonly names: readonly [WorkspaceName, ...WorkspaceName[]]; readonly agent: string },
): Promise<{ workspace: Workspace; registered: boolean }> {
  const url = services.repository(repositoryUrl).url;
  const known = await workspaceOfRepository(services.sql, url);
  if (known !== null) return { workspace: known, registered: false };
  for (const name of names) {
    try {
      const workspace = await registerWorkspace(services, {
        name,
        repositoryUrl,
        defaultBranch: null,
        agent,
        agentSettings: {},
        agents: {},
        blueprint: {},
        planId: null,
        hosts: [],
        sshAgent: false,
        maxActiveChanges: null,
      });
      return { workspace, registered: true };
    } catch (error) {
      if (!(error instanceof WorkspaceExists)) throw error;
    }
  }
  throw new WorkspaceExists(names[0]);
}
