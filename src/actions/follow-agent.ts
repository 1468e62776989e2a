import type { AgentOutcome, AgentRole } from "../domain/agent.ts";
import { believedReset } from "../domain/agent-amounts.ts";
import { EnvironmentLost } from "../domain/faults/environments.ts";
import { committerVariables } from "../domain/identity.ts";
import { signalOf } from "../providers/agents/exit.ts";
import type { Agent, AgentJob } from "../providers/agents/port.ts";
import type { Environment } from "../providers/environments/port.ts";
import { type FollowOptions, startAndFollow } from "./follow-process.ts";
import type { Services } from "./services.ts";
import { wholeOutput } from "./whole-output.ts";

/** One start of an agent: who, what for, and under which name. */
export interface AgentRun<Role extends AgentRole> {
  readonly environment: Environment;
  readonly agent: Agent;
  readonly job: AgentJob<Role>;
  readonly name: string;
}

/**
 * Starts an agent, or adopts the one that is running or has ended, and reads its outcome. Throws `EnvironmentLost` when
 * it did not end by itself: `overdue` is one that we have stopped.
 */
export async function followAgent<Role extends AgentRole>(
  services: Services,
  { environment, agent, job, name }: AgentRun<Role>,
  options: FollowOptions,
): Promise<AgentOutcome<Role> | { readonly state: "overdue" }> {
  const { argv, stdin, variables } = agent.command(job);
  const credentials = Object.fromEntries(
    agent.credentials.flatMap((key) => {
      const value = services.credentials[key];
      return value === undefined ? [] : [[key, value]];
    }),
  );
  const spec = { name, argv, stdin, variables: { ...committerVariables(agent.name), ...credentials, ...variables } };
  const ended = await startAndFollow(services, environment, spec, options);
  if (ended.state === "overdue") return ended;
  const exited = ended.state === "exited" ? ended : { code: null, signal: null, endedAt: new Date() };
  const outcome = believed(
    services,
    name,
    agent.outcome(job, {
      stdout: await wholeOutput(environment, name, "stdout"),
      stderr: await wholeOutput(environment, name, "stderr"),
      exit: { code: exited.code, signal: exited.signal },
      now: exited.endedAt.getTime(),
    }),
  );
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

/** Without what an agent says of costs and times that can't be true; the log says that it did. */
function believed<Role extends AgentRole>(
  { log }: Services,
  process: string,
  outcome: AgentOutcome<Role>,
): AgentOutcome<Role> {
  const { doubts = [] } = outcome.session;
  if (doubts.length > 0) log.warn({ process, doubts }, "an agent named amounts that are not counted");
  if (outcome.state !== "limited") return outcome;
  const resetsAt = believedReset(outcome.resetsAt, Date.now());
  if (resetsAt < outcome.resetsAt) log.warn({ process, said: outcome.resetsAt, resetsAt }, "usage limit cut short");
  return { ...outcome, resetsAt };
}
