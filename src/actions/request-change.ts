import { ulid } from "ulid";
import { isBranchName } from "../domain/branch-name.ts";
import type { Change, ChangeSource } from "../domain/change.ts";
import { TargetBranchUnknown, WorkspaceUnknown } from "../domain/faults/requests.ts";
import type { ChangeId, WorkspaceName } from "../domain/ids.ts";
import { requestChange as store } from "../store/changes.ts";
import { findWorkspace, listWorkspaces } from "../store/workspaces.ts";
import type { Services } from "./services.ts";

export interface ChangeRequest {
  readonly workspace: WorkspaceName;
  readonly requestText: string;
  readonly targetBranch: string | null;
  readonly agent: string | null;
  readonly requesterId: string | null;
  readonly requesterName: string | null;
  readonly source: ChangeSource;
  readonly idempotencyKey: string | null;
}

export interface Requested {
  readonly change: Change;
  /** True when this idempotency key had been used: the change is the one that was asked for then. */
  readonly deduplicated: boolean;
}

/** Asks for a change. What can be known to be wrong is refused here, before anything is made. */
export async function requestChange(services: Services, request: ChangeRequest): Promise<Requested> {
  const { sql } = services;
  const workspace = await findWorkspace(sql, request.workspace);
  if (workspace === null) {
    throw new WorkspaceUnknown(
      request.workspace,
      (await listWorkspaces(sql, 20)).map(({ name }) => name),
    );
  }
  if (request.agent !== null) services.agent(request.agent);
  const branch = request.targetBranch;
  if (branch !== null && branch !== workspace.defaultBranch) {
    const known = isBranchName(branch) && (await services.repository(workspace.repositoryUrl).hasBranch(branch));
    if (!known) throw new TargetBranchUnknown(branch, workspace.defaultBranch);
  }
  const id = ulid() as ChangeId;
  const change = await store(sql, { ...request, id });
  return { change, deduplicated: change.id !== id };
}
