import { ulid } from "ulid";
import { allowedAgents, settingsForAgent } from "../../domain/agents/agent-choice.ts";
import { isBranchName } from "../../domain/branch-name.ts";
import type { Change } from "../../domain/change.ts";
import { AgentNotAllowed } from "../../domain/faults/agents.ts";
import { TargetBranchUnknown } from "../../domain/faults/requests.ts";
import type { ChangeId } from "../../domain/ids.ts";
import { cancelChange, type NewChange, requestChange as store } from "../../store/changes.ts";
import type { Services } from "../services.ts";
import { needWorkspace } from "../workspaces/need-workspace.ts";

export interface ChangeRequest extends Omit<NewChange, "id"> {
  /** Whether the requester is an admin, who may also name an agent that the workspace does not allow. */
  readonly anyAgent: boolean;
}

export interface Requested {
  readonly change: Change;
  /** True when this idempotency key had been used: the change is the one that was asked for then. */
  readonly deduplicated: boolean;
}

/** Asks for a change. What can be known to be wrong is refused here, before anything is made. */
export async function requestChange(services: Services, request: ChangeRequest): Promise<Requested> {
  const { anyAgent, ...wanted } = request;
  const workspace = await needWorkspace(services, request.workspace);
  const agent = services.agent(request.agent ?? workspace.agent);
  const settings = settingsForAgent(workspace, agent.name);
  const refusal = new AgentNotAllowed(agent.name, workspace.name, allowedAgents(workspace));
  if (settings === null && !anyAgent) throw refusal;
  agent.checkSettings(settings ?? {});
  const branch = request.targetBranch;
  if (branch !== null && branch !== workspace.defaultBranch) {
    const known = isBranchName(branch) && (await services.repository(workspace.repositoryUrl).hasBranch(branch));
    if (!known) throw new TargetBranchUnknown(branch, workspace.defaultBranch);
  }
  const id = ulid() as ChangeId;
  const change = await store(services.sql, { ...wanted, id });
  const deduplicated = change.id !== id;
  if (change.agentFree && !anyAgent && !deduplicated) {
    // The workspace stopped allowing the agent between the check and the insert, so the trigger set `agent_free`.
    await cancelChange(services.sql, { id, by: "fairlead", note: refusal.message, seenVersion: null });
    throw refusal;
  }
  return { change, deduplicated };
}
