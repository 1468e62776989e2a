import { ulid } from "ulid";
import { isBranchName } from "../domain/branch-name.ts";
import type { Change } from "../domain/change.ts";
import { TargetBranchUnknown } from "../domain/faults/requests.ts";
import type { ChangeId } from "../domain/ids.ts";
import { type NewChange, requestChange as store } from "../store/changes.ts";
import { needWorkspace } from "./need-workspace.ts";
import type { Services } from "./services.ts";

export type ChangeRequest = Omit<NewChange, "id">;

export interface Requested {
  readonly change: Change;
  /** True when this idempotency key had been used: the change is the one that was asked for then. */
  readonly deduplicated: boolean;
}

/** Asks for a change. What can be known to be wrong is refused here, before anything is made. */
export async function requestChange(services: Services, request: ChangeRequest): Promise<Requested> {
  const workspace = await needWorkspace(services, request.workspace);
  const agent = services.agent(request.agent ?? workspace.agent);
  agent.checkSettings(agent.name === workspace.agent ? workspace.agentSettings : {});
  const branch = request.targetBranch;
  if (branch !== null && branch !== workspace.defaultBranch) {
    const known = isBranchName(branch) && (await services.repository(workspace.repositoryUrl).hasBranch(branch));
    if (!known) throw new TargetBranchUnknown(branch, workspace.defaultBranch);
  }
  const id = ulid() as ChangeId;
  const change = await store(services.sql, { ...request, id });
  return { change, deduplicated: change.id !== id };
}
