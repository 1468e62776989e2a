import type { AgentOutcome, AgentRole, AgentUsage } from "../../domain/agents/agent.ts";
import type { Command } from "../../domain/blueprints/blueprint.ts";

/** One piece of work for an agent, with everything that decides how its CLI is called. */
export interface AgentJob<Role extends AgentRole = AgentRole> {
  readonly role: Role;
  readonly prompt: string;
  /** What a person asked for in this round, in their own words; the prompt says more. */
  readonly request: string;
  /** UUID, fixed before the agent starts so that a crash can't lose it. */
  readonly sessionId: string;
  /** True to go on with that session, false to begin it. */
  readonly resume: boolean;
  /** What the session had cost before this run, as the last `AgentSession.total` said. */
  readonly spent: AgentUsage;
  /** Which round of the change this is, from 1. */
  readonly round: number;
  /** An absolute folder outside the checkout where the CLI may keep its state for this change. */
  readonly stateDirectory: string;
  /** The workspace's settings for its agent, already parsed by the agent's own schema in src/wire/agents/agent-settings.ts. */
  readonly settings: unknown;
  /** Which of the agent's `credentials` the server has. Their values go into its environment without passing here. */
  readonly credentialsPresent: readonly string[];
  /** A JSON Schema that a plan has to fit; only for role `plan`. */
  readonly schema?: Record<string, unknown>;
}

/** The process to start. It gets the environment's allow-listed variables, and these besides. */
export interface AgentCommand {
  readonly argv: Command;
  readonly stdin: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** How the process ended: `code` is null when a signal ended it. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** What one line of output says to a person who is watching; `null` for lines that say nothing to them. */
export interface AgentNote {
  readonly kind: "text" | "tool" | "warning" | "limit";
  readonly text: string;
}

/** An adapter to a coding CLI. It is pure: it starts nothing, so it is tested on recorded output. */
export interface Agent {
  readonly name: string;
  /** Variables of the server that this agent, and nothing else, may be given: its credentials. */
  readonly credentials: readonly string[];
  /** Throws `AgentSettingsInvalid`, which says what is wrong with them. */
  checkSettings(settings: unknown): void;
  command(job: AgentJob): AgentCommand;
  /** Reads one line of standard output for the live log. Never throws: an unknown line is `null`, a plain one is text. */
  note(line: string): AgentNote | null;
  /** Decides how a run ended from all that it printed. Never throws. `now` is ms since the epoch. */
  outcome<Role extends AgentRole>(
    job: AgentJob<Role>,
    output: { readonly stdout: string; readonly stderr: string; readonly exit: ProcessExit; readonly now: number },
  ): AgentOutcome<Role>;
}
