import { allowedAgents, settingsForAgent } from "../../domain/agents/agent-choice.ts";
import type { Change } from "../../domain/change.ts";
import { AgentNotAllowed } from "../../domain/faults/agents.ts";
import type { AgentSettings } from "../../domain/workspace.ts";
import type { Services } from "../services.ts";
import { needWorkspace } from "../workspaces/need-workspace.ts";

/**
 * The settings with which a change's agent, or the agent that a step of its plan names, is started. Read at each start,
 * also of a retry: an agent that the workspace has stopped allowing has no settings any more, and would run without its
 * budget and wrapper. Throws `AgentNotAllowed` then, unless an admin chose the agent.
 */
export async function agentSettings(
  { sql }: Pick<Services, "sql">,
  change: Pick<Change, "workspace" | "agent" | "agentFree">,
  namedByPlan: string | null = null,
): Promise<AgentSettings> {
  const workspace = await needWorkspace({ sql }, change.workspace);
  const name = namedByPlan ?? change.agent;
  const settings = settingsForAgent(workspace, name);
  if (settings !== null) return settings;
  // Only admins register plans.
  if (namedByPlan !== null || change.agentFree) return {};
  throw new AgentNotAllowed(name, workspace.name, allowedAgents(workspace));
}
