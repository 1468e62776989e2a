import { WorkspaceInUse } from "../../domain/faults/requests.ts";
import type { WorkspaceName } from "../../domain/ids.ts";
import { removeWorkspace as remove } from "../../store/workspaces.ts";
import type { Services } from "../services.ts";
import { needWorkspace } from "./need-workspace.ts";

/** Removes a workspace in which nothing was ever asked for. Throws `WorkspaceUnknown` or `WorkspaceInUse`. */
export async function removeWorkspace(services: Pick<Services, "sql">, name: WorkspaceName): Promise<void> {
  if (await remove(services.sql, name)) return;
  await needWorkspace(services, name);
  throw new WorkspaceInUse(name);
}
