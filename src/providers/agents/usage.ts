import { type AgentSession, type AgentUsage, noUsage } from "../../domain/agents/agent.ts";
import type { AgentJob } from "./port.ts";

/** What the job's session had cost before: nothing, when the job begins it. */
export function spentBefore(job: AgentJob): AgentUsage {
  return job.resume ? job.spent : noUsage;
}

/** The `doubts` of a session, where there are any. */
export function doubting(doubts: readonly string[]): Pick<AgentSession, "doubts"> {
  return doubts.length === 0 ? {} : { doubts };
}

export function addUsage(one: AgentUsage, other: AgentUsage): AgentUsage {
  return combine(one, other, (a, b) => a + b);
}

/** What `total` has over `before`, never less than nothing. */
export function subtractUsage(total: AgentUsage, before: AgentUsage): AgentUsage {
  return combine(total, before, (a, b) => Math.max(0, a - b));
}

/** The greater of two counts, so that a CLI that lost count never makes a session cheaper than it was. */
export function greaterUsage(one: AgentUsage, other: AgentUsage): AgentUsage {
  return combine(one, other, Math.max);
}

function combine(one: AgentUsage, other: AgentUsage, operation: (a: number, b: number) => number): AgentUsage {
  return {
    costUsd: one.costUsd === null ? null : millionths(operation(one.costUsd, other.costUsd ?? 0)),
    inputTokens: operation(one.inputTokens, other.inputTokens),
    outputTokens: operation(one.outputTokens, other.outputTokens),
  };
}

/** Keeps 0.0132 - 0.0066 from becoming 0.006600000000000001. */
function millionths(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
