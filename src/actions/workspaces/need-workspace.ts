import { WorkspaceUnknown } from "../../domain/faults/requests.ts";
import type { WorkspaceName } from "../../domain/ids.ts";
import type { Workspace } from "../../domain/workspace.ts";
import { findWorkspace, listWorkspaces } from "../../store/workspaces.ts";
import type { Services } from "../services.ts";

/** The workspace of that name. Throws `WorkspaceUnknown`, which names the ones there are. */
export async function needWorkspace({ sql }: Pick<Services, "sql">, name: WorkspaceName): Promise<Workspace> {
  const workspace = await findWorkspace(sql, name);
  if (workspace !== null) return workspace;
  const known = await listWorkspaces(sql, 20);
  throw new WorkspaceUnknown(
    name,
    known.map((one) => one.name),
  );
}
