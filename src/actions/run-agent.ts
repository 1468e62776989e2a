import type { AgentOutcome, AgentUsage } from "../domain/agent.ts";
import type { Change } from "../domain/change.ts";
import { ChangeFailed } from "../domain/faults/changes.ts";
import { committerVariables } from "../domain/identity.ts";
import { codePrompt } from "../domain/prompt.ts";
import { sessionIdOf } from "../domain/session-id.ts";
import type { Agent, AgentJob } from "../providers/agents/port.ts";
import type { Environment } from "../providers/environments/port.ts";
import { findWorkspace } from "../store/workspaces.ts";
import { startAndFollow, wholeOutput } from "./follow-process.ts";
import type { Services } from "./services.ts";

const nothingSpent: AgentUsage = { costUsd: 0, inputTokens: 0, outputTokens: 0 };

/** Runs this round's agent in the environment, or adopts the one that is running or has ended, and reads its outcome. */
export async function runAgent(
  services: Services,
  change: Change,
  environment: Environment,
  stopping: AbortSignal,
): Promise<AgentOutcome<"code">> {
  const agent = services.agent(change.agent);
  const workspace = await findWorkspace(services.sql, change.workspace);
  const resume = change.round > 1 && change.sessionId !== null;
  const job: AgentJob<"code"> = {
    role: "code",
    prompt: codePrompt(change),
    request: change.feedback?.round === change.round ? change.feedback.text : change.requestText,
    sessionId: change.sessionId ?? sessionIdOf(environment.id),
    resume,
    spent: change.sessionTotal ?? nothingSpent,
    round: change.round,
    stateDirectory: environment.stateDirectory,
    settings: workspace?.agent === change.agent ? workspace.agentSettings : {},
    credentialsPresent: agent.credentials.filter((name) => services.credentials[name] !== undefined),
  };
  const outcome = await runOnce(services, change, environment, agent, job, `agent-${change.round}`, stopping);
  if (!resume || outcome.state !== "failed" || outcome.trouble !== "session_unknown") return outcome;
  // The CLI has lost the conversation; the branch and the request still say all that matters.
  const anew = { ...job, resume: false, spent: nothingSpent };
  return runOnce(services, change, environment, agent, anew, `agent-${change.round}-anew`, stopping);
}

async function runOnce(
  services: Services,
  change: Change,
  environment: Environment,
  agent: Agent,
  job: AgentJob<"code">,
  name: string,
  stopping: AbortSignal,
): Promise<AgentOutcome<"code">> {
  const { argv, stdin, variables } = agent.command(job);
  const credentials = Object.fromEntries(
    agent.credentials.flatMap((key) => {
      const value = services.credentials[key];
      return value === undefined ? [] : [[key, value]];
    }),
  );
  const spec = { name, argv, stdin, variables: { ...committerVariables(agent.name), ...credentials, ...variables } };
  const options = { changeId: change.id, timeoutMs: services.limits.agentMs, stopping };
  const ended = await startAndFollow(services, environment, spec, options);
  if (ended.state === "lost") {
    throw new ChangeFailed(
      "environment",
      "the agent's process was lost with its machine; retry goes on from the branch",
    );
  }
  return agent.outcome(job, {
    stdout: await wholeOutput(environment, name, "stdout"),
    stderr: await wholeOutput(environment, name, "stderr"),
    exit: { code: ended.code, signal: ended.signal },
    now: ended.endedAt.getTime(),
  });
}
