import { type AgentOutcome, noUsage } from "../domain/agent.ts";
import type { Change } from "../domain/change.ts";
import { ChangeFailed } from "../domain/faults/changes.ts";
import { codePrompt } from "../domain/prompt.ts";
import { sessionIdOf } from "../domain/session-id.ts";
import type { AgentJob } from "../providers/agents/port.ts";
import type { Environment } from "../providers/environments/port.ts";
import { agentSettings } from "./agent-settings.ts";
import { type AgentRun, followAgent } from "./follow-agent.ts";
import type { Services } from "./services.ts";

/** The name of this round's agent as a process; one that goes on after a usage limit has a name of its own. */
export function agentProcess({ round, continuations }: Change): string {
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
  const resume = (change.round > 1 || change.continuations > 0) && change.sessionId !== null;
  const job: AgentJob<"code"> = {
    role: "code",
    prompt: codePrompt(change),
    request: change.feedback?.round === change.round ? change.feedback.text : change.requestText,
    sessionId: change.sessionId ?? sessionIdOf(environment.id),
    resume,
    spent: change.sessionTotal ?? noUsage,
    round: change.round,
    stateDirectory: environment.stateDirectory,
    settings: await agentSettings(services, change),
    credentialsPresent: agent.credentials.filter((name) => services.credentials[name] !== undefined),
  };
  const name = agentProcess(change);
  const outcome = await runOnce(services, change, { environment, agent, job, name }, stopping);
  if (!resume || outcome.state !== "failed" || outcome.trouble !== "session_unknown") return outcome;
  // The CLI has lost the conversation; the branch and the request still say all that matters.
  const anew = { ...job, resume: false, spent: noUsage };
  return runOnce(services, change, { environment, agent, job: anew, name: `${name}-anew` }, stopping);
}

async function runOnce(
  services: Services,
  change: Change,
  run: AgentRun<"code">,
  stopping: AbortSignal,
): Promise<AgentOutcome<"code">> {
  const { agentMs, graceMs } = services.limits;
  const options = { owner: { changeId: change.id, runId: null }, timeoutMs: agentMs, graceMs, stopping };
  const outcome = await followAgent(services, run, options);
  if (outcome.state !== "overdue") return outcome;
  throw new ChangeFailed("timeout", `${run.name} was stopped after ${Math.round(agentMs / 1000)} s, its time limit`);
}
