import {
  type AgentOutcome,
  type AgentRole,
  type AgentSession,
  type AgentUsage,
  noUsage,
} from "../../domain/agents/agent.ts";
import { EnvironmentLost } from "../../domain/faults/environments.ts";
import type { Agent, AgentJob } from "../../providers/agents/port.ts";
import type { Environment } from "../../providers/environments/port.ts";
import type { FollowOptions } from "../processes/follow-process.ts";
import type { Services } from "../services.ts";
import { anewName, resumedName, resumesAtMost, startedOf, startNames, stopAll } from "./agent-starts.ts";
import { followAgent, type StartOutcome } from "./follow-agent.ts";

/**
 * Which start of an agent it is: the first; one that resumes the session of the previous start, which was killed; or one
 * in a new session, because the CLI did not know the session that it was to resume.
 */
export type AgentStart =
  | { readonly kind: "first" }
  | { readonly kind: "resumed"; readonly session: AgentSession }
  | { readonly kind: "anew" };

/** An agent's work from its first start to its end. */
export interface AgentWork<Role extends AgentRole> {
  readonly environment: Environment;
  readonly agent: Agent;
  /** The name of the first start as a process; each further one has a name that begins with it. */
  readonly name: string;
  readonly jobFor: (start: AgentStart) => AgentJob<Role>;
}

/** `usage` is the sum over all starts. */
export type WorkOutcome<Role extends AgentRole> =
  | AgentOutcome<Role>
  | { readonly state: "overdue"; readonly usage: AgentUsage };

/**
 * Runs an agent, and restarts it in the same checkout and session when something other than Fairlead kills it, at most
 * twice. Adopts the start that another worker has made, and returns once no process that the agent started is left. Throws
 * `EnvironmentLost` when it is killed a third time.
 */
export async function followThrough<Role extends AgentRole>(
  services: Services,
  work: AgentWork<Role>,
  options: ThroughOptions,
): Promise<WorkOutcome<Role>> {
  const outcome = await followStarts(services, work, options);
  // Processes that it left running must not change the checkout any more: its content is committed next.
  await stopAll(work.environment, await startedOf(work.environment, startNames(work.name)), options.graceMs);
  return outcome;
}

type ThroughOptions = FollowOptions & { readonly stillWanted: () => Promise<boolean> };

async function followStarts<Role extends AgentRole>(
  services: Services,
  work: AgentWork<Role>,
  options: ThroughOptions,
): Promise<WorkOutcome<Role>> {
  const { environment, agent } = work;
  let start: AgentStart = { kind: "first" };
  let name = work.name;
  let spent = noUsage;
  for (let resumes = 0; ; ) {
    const job = work.jobFor(start);
    const outcome: StartOutcome<Role> = await followAgent(services, { environment, agent, job, name }, options);
    const usage = sum(spent, outcome.session.usage);
    if (outcome.state === "overdue") return { state: "overdue", usage };
    if (outcome.state === "gone") throw new EnvironmentLost("its environment has vanished", usage);
    if (outcome.state === "killed") {
      // A cancellation kills the agent as well, and this worker may see the kill before the cancellation.
      if (resumes === resumesAtMost || !(await options.stillWanted())) throw new EnvironmentLost(outcome.why, usage);
      resumes += 1;
      start = { kind: "resumed", session: outcome.session };
      name = resumedName(work.name, resumes);
      services.log.warn({ why: outcome.why, resumes }, "agent is resumed in place");
    } else if (outcome.state === "failed" && outcome.trouble === "session_unknown" && job.resume) {
      // The new session has all that it needs in the branch, the checkout and the request.
      start = { kind: "anew" };
      name = anewName(name);
    } else {
      return { ...outcome, session: { ...outcome.session, usage } };
    }
    spent = usage;
  }
}

/** A start whose cost is unknown (null) counts as 0 where another one's is known. */
function sum(one: AgentUsage, other: AgentUsage): AgentUsage {
  return {
    costUsd: one.costUsd === null && other.costUsd === null ? null : (one.costUsd ?? 0) + (other.costUsd ?? 0),
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
  };
}
