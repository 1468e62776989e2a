import type { AgentOutcome, AgentUsage } from "../domain/agent.ts";
import type { Change } from "../domain/change.ts";
import { EnvironmentLost } from "../domain/faults/environments.ts";
import { committerVariables } from "../domain/identity.ts";
import { codePrompt } from "../domain/prompt.ts";
import { sessionIdOf } from "../domain/session-id.ts";
import { signalOf } from "../providers/agents/exit.ts";
import type { Agent, AgentJob } from "../providers/agents/port.ts";
import type { Environment } from "../providers/environments/port.ts";
import { findWorkspace } from "../store/workspaces.ts";
import { startAndFollow, wholeOutput } from "./follow-process.ts";
import type { Services } from "./services.ts";

const nothingSpent: AgentUsage = { costUsd: 0, inputTokens: 0, outputTokens: 0 };

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
  const workspace = await findWorkspace(services.sql, change.workspace);
  const resume = (change.round > 1 || change.continuations > 0) && change.sessionId !== null;
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
  const name = agentProcess(change);
  const outcome = await runOnce(services, change, { environment, agent, job, name }, stopping);
  if (!resume || outcome.state !== "failed" || outcome.trouble !== "session_unknown") return outcome;
  // The CLI has lost the conversation; the branch and the request still say all that matters.
  const anew = { ...job, resume: false, spent: nothingSpent };
  return runOnce(services, change, { environment, agent, job: anew, name: `${name}-anew` }, stopping);
}

interface AgentRun {
  readonly environment: Environment;
  readonly agent: Agent;
  readonly job: AgentJob<"code">;
  readonly name: string;
}

async function runOnce(
  services: Services,
  change: Change,
  { environment, agent, job, name }: AgentRun,
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
  const exited = ended.state === "exited" ? ended : { code: null, signal: null, endedAt: new Date() };
  const outcome = agent.outcome(job, {
    stdout: await wholeOutput(environment, name, "stdout"),
    stderr: await wholeOutput(environment, name, "stderr"),
    exit: { code: exited.code, signal: exited.signal },
    now: exited.endedAt.getTime(),
  });
  // What it printed may tell all the same that its work is done, also where nobody saw how it ended.
  if (outcome.state !== "failed") return outcome;
  if (ended.state === "lost") {
    const what = (await environment.present()) ? "its agent" : "its environment";
    throw new EnvironmentLost(`${what} has vanished`);
  }
  if (outcome.trouble === "interrupted") throw new EnvironmentLost("its agent was stopped from outside");
  if (signalOf(exited) === "SIGKILL") throw new EnvironmentLost("its agent was killed, maybe for want of memory");
  return outcome;
}
