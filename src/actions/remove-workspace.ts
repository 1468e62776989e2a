import { WorkspaceInUse, WorkspaceUnknown } from "../domain/faults/requests.ts";
import type { WorkspaceName } from "../domain/ids.ts";
import { findWorkspace, listWorkspaces, removeWorkspace as remove } from "../store/workspaces.ts";
import type { Services } from "./services.ts";

/** Removes a workspace in which nothing was ever asked for. Throws `WorkspaceUnknown` or `WorkspaceInUse`. */
export async function removeWorkspace({ sql }: Pick<Services, "sql">, name: WorkspaceName): Promise<void> {
  if (await remove(sql, name)) return;
  if ((await findWorkspace(sql, name)) !== null) throw new WorkspaceInUse(name);
  const known = await listWorkspaces(sql, 20);
  throw new WorkspaceUnknown(
    name,
    known.map((workspace) => workspace.name),
  );
}
