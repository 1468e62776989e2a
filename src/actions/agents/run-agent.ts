import { type AgentOutcome, noUsage } from "../../domain/agents/agent.ts";
import { codePrompt } from "../../domain/agents/prompt.ts";
import { sessionIdOf } from "../../domain/agents/session-id.ts";
import type { Change } from "../../domain/change.ts";
import { ChangeFailed } from "../../domain/faults/changes.ts";
import type { Agent, AgentJob } from "../../providers/agents/port.ts";
import type { Environment } from "../../providers/environments/port.ts";
import { changeAsSeen } from "../../store/changes.ts";
import type { Services } from "../services.ts";
import { agentSettings } from "./agent-settings.ts";
import { type AgentStart, followThrough } from "./follow-through.ts";

/** The name of this round's agent as a process; one that goes on after a usage limit has a name of its own. */
export function agentProcess({ round, continuations }: Pick<Change, "round" | "continuations">): string {
  return continuations === 0 ? `agent-${round}` : `agent-${round}-continued-${continuations}`;
}

/** Runs this round's agent in the environment, or adopts the one that is running or has ended, and reads its outcome. */
export async function runAgent(
  services: Services,
  change: Change,
  environment: Environment,
  stopping: AbortSignal,
): Promise<AgentOutcome<"code">> {
  const agent = services.agent(change.agent);
  const { agentMs, graceMs } = services.limits;
  const name = agentProcess(change);
  const jobFor = await jobsOf(services, change, { environment, agent });
  const owner = { changeId: change.id, runId: null };
  const stillWanted = async () => (await changeAsSeen(services.sql, change)) !== null;
  const options = { owner, timeoutMs: agentMs, graceMs, stopping, stillWanted };
  const outcome = await followThrough(services, { environment, agent, name, jobFor }, options);
  if (outcome.state !== "overdue") return outcome;
  const limit = `${Math.round(agentMs / 1000)} s, its time limit`;
  throw new ChangeFailed("timeout", `${name} was stopped after ${limit}`, outcome.usage);
}

/** The job of each start of the agent: the first of the round, and those after it was killed. */
async function jobsOf(
  services: Services,
  change: Change,
  { environment, agent }: { readonly environment: Environment; readonly agent: Agent },
): Promise<(start: AgentStart) => AgentJob<"code">> {
  const hasSession = (change.round > 1 || change.continuations > 0) && change.sessionId !== null;
  const job = {
    role: "code",
    request: change.feedback?.round === change.round ? change.feedback.text : change.requestText,
    sessionId: change.sessionId ?? sessionIdOf(environment.id),
    round: change.round,
    stateDirectory: environment.stateDirectory,
    settings: await agentSettings(services, change),
    credentialsPresent: agent.credentials.filter((key) => services.credentials[key] !== undefined),
  } as const;
  return (start) => {
    const prompt = codePrompt(change, { isResumed: start.kind === "resumed" });
    switch (start.kind) {
      case "first":
        return { ...job, prompt, resume: hasSession, spent: change.sessionTotal ?? noUsage };
      case "resumed":
        return { ...job, prompt, resume: true, spent: start.session.total };
      case "anew":
        return { ...job, prompt, resume: false, spent: noUsage };
    }
  };
}
