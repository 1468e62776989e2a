import type { AgentOutcome, AgentRole, AgentSession } from "../../domain/agents/agent.ts";
import { believedReset } from "../../domain/agents/agent-amounts.ts";
import { committerVariables } from "../../domain/identity.ts";
import { signalOf } from "../../providers/agents/exit.ts";
import type { Agent, AgentJob } from "../../providers/agents/port.ts";
import type { Environment } from "../../providers/environments/port.ts";
import { type Ended, type FollowOptions, startAndFollow } from "../processes/follow-process.ts";
import { sshAgentVariables } from "../processes/ssh-agent.ts";
import { wholeOutput } from "../processes/whole-output.ts";
import type { Services } from "../services.ts";

/** One start of an agent: who, what for, and under which name. */
export interface AgentRun<Role extends AgentRole> {
  readonly environment: Environment;
  readonly agent: Agent;
  readonly job: AgentJob<Role>;
  readonly name: string;
}

/** How a start of an agent ended. `overdue`: it reached its time limit. `killed`: something other than Fairlead ended it. `gone`: its environment has vanished. */
export type StartOutcome<Role extends AgentRole> =
  | AgentOutcome<Role>
  | { readonly state: "overdue"; readonly session: AgentSession }
  | { readonly state: "killed"; readonly why: string; readonly session: AgentSession }
  | { readonly state: "gone"; readonly session: AgentSession };

/** Starts an agent, or adopts the one that is running or has ended, and reads its outcome. */
export async function followAgent<Role extends AgentRole>(
  services: Services,
  { environment, agent, job, name }: AgentRun<Role>,
  options: FollowOptions,
): Promise<StartOutcome<Role>> {
  const { argv, stdin, variables } = agent.command(job);
  const credentials = Object.fromEntries(
    agent.credentials.flatMap((key) => {
      const value = services.credentials[key];
      return value === undefined ? [] : [[key, value]];
    }),
  );
  const given = { ...credentials, ...(await sshAgentVariables(services, options.owner.changeId)), ...variables };
  const spec = { name, argv, stdin, variables: { ...committerVariables(agent.name), ...given } };
  const ended = await startAndFollow(services, environment, spec, options);
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
  const { session } = outcome;
  if (ended.state === "overdue") return { state: "overdue", session };
  // Its output may say that its work is done, even where its exit was not recorded.
  if (outcome.state !== "failed") return outcome;
  const why = whyKilled(ended, outcome.trouble === "interrupted");
  if (why === null) return outcome;
  if (!(await environment.present())) return { state: "gone", session };
  return { state: "killed", why, session };
}

/** Null: it ended by itself. */
function whyKilled(ended: Exclude<Ended, { state: "overdue" }>, wasInterrupted: boolean): string | null {
  if (ended.state === "lost") return "its agent has vanished";
  if (wasInterrupted) return "its agent was stopped from outside";
  return signalOf(ended) === "SIGKILL" ? "its agent was killed, maybe for want of memory" : null;
}

/** Logs the amounts that were left out because they can't be true, and caps the time of a usage limit's reset. */
function believed<Role extends AgentRole>(
  { log }: Services,
  process: string,
  outcome: AgentOutcome<Role>,
): AgentOutcome<Role> {
  const { doubts = [] } = outcome.session;
  if (doubts.length > 0) log.warn({ process, doubts }, "impossible amounts of an agent are not counted");
  if (outcome.state !== "limited") return outcome;
  const resetsAt = believedReset(outcome.resetsAt, Date.now());
  if (resetsAt < outcome.resetsAt) log.warn({ process, said: outcome.resetsAt, resetsAt }, "usage limit capped");
  return { ...outcome, resetsAt };
}
