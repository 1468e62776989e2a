import { AgentUnknown } from "../../domain/faults/agents.ts";
import { type AgentName, isAgentName } from "../../wire/agents/agent-settings.ts";
import { claude } from "./claude.ts";
import { command } from "./command.ts";
import type { Agent } from "./port.ts";
import { scripted } from "./scripted.ts";

const agents = { claude, command, scripted } as const satisfies Record<AgentName, Agent>;

export const agentNames: readonly string[] = Object.keys(agents);

/** Throws `AgentUnknown`, which names the ones there are. */
export function agentNamed(name: string): Agent {
  if (!isAgentName(name)) throw new AgentUnknown(name, agentNames);
  return agents[name];
}
