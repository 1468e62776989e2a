import type { Services } from "../actions/services.ts";
import { WorkspaceUnknown } from "../domain/faults/requests.ts";
import type { WorkspaceName } from "../domain/ids.ts";
import type { Workspace } from "../domain/workspace.ts";
import { findWorkspace, listWorkspaces } from "../store/workspaces.ts";

/** Throws `WorkspaceUnknown`, which names the ones there are. */
export async function needWorkspace({ sql }: Pick<Services, "sql">, name: string): Promise<Workspace> {
  const workspace = await findWorkspace(sql, name as WorkspaceName);
  if (workspace !== null) return workspace;
  throw new WorkspaceUnknown(
    name,
    (await listWorkspaces(sql, 20)).map((known) => known.name),
  );
}

/** A mistyped name would otherwise look like an empty list. */
export async function knownWorkspace(services: Pick<Services, "sql">, name: string): Promise<WorkspaceName> {
  return (await needWorkspace(services, name)).name;
}
