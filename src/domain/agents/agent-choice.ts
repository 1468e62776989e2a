import type { AgentSettings, Workspace } from "../workspace.ts";

type Choice = Pick<Workspace, "agent" | "agentSettings" | "agents">;

/** The agents that a change of a workspace may name; its own is the first. */
export function allowedAgents({ agent, agents }: Choice): string[] {
  return [...new Set([agent, ...Object.keys(agents)])];
}

/** The settings that a workspace has for an agent; `null` when it does not allow that agent. */
export function settingsForAgent({ agent, agentSettings, agents }: Choice, name: string): AgentSettings | null {
  if (name === agent) return agentSettings;
  return Object.hasOwn(agents, name) ? (agents[name] ?? null) : null;
}
