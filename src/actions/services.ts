import type { Logger } from "pino";
import type { Agent } from "../providers/agents/port.ts";
import type { DataFolder } from "../providers/data-folder/port.ts";
import type { EnvironmentProvider } from "../providers/environments/port.ts";
import type { Repository } from "../providers/git/port.ts";
import type { Sql } from "../store/sql.ts";

/** All that an action may use, put together once in src/main. */
export interface Services {
  readonly sql: Sql;
  readonly log: Logger;
  readonly limits: Limits;
  /** Throws a Fault that names the known ones. */
  readonly provider: (name: string) => EnvironmentProvider;
  readonly agent: (name: string) => Agent;
  /** `hosts`: where its submodules and LFS objects may be, besides its own host. */
  readonly repository: (url: string, hosts?: readonly string[]) => Repository;
  /** What becomes of a change whose agent's usage limit is reached: it waits for the reset, or a person is asked. */
  readonly onUsageLimit: "wait" | "ask";
  /** The server's variables that an agent may be given when it names them among its credentials. */
  readonly credentials: Readonly<Record<string, string>>;
  /** The socket of the server's SSH agent; null when there is none. */
  readonly sshAgent: string | null;
  readonly dataFolder: DataFolder;
}

/** How long things may take. All in milliseconds, all settings (see .env.example). */
export interface Limits {
  readonly provisionMs: number;
  readonly setupMs: number;
  readonly agentMs: number;
  readonly previewMs: number;
  readonly mergeMs: number;
  /** Between two pushes of what an agent has committed while it works. */
  readonly pushMs: number;
  /** Between asking a process to end and killing it. */
  readonly graceMs: number;
  /** One talk of a clean-up with the remote: saving work there, or deleting a branch. */
  readonly remoteMs: number;
  /** An environment that nobody has used for so long is ended, if no change needs it. */
  readonly idleMs: number;
  /** The same for one that is older than this. */
  readonly ageMs: number;
}
