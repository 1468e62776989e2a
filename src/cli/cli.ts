import type { Services } from "../actions/services.ts";
import { untilInterrupted } from "./screen/interrupt.ts";

/** Everything put together, with the database up. */
export interface Assembly {
  readonly services: Services;
  readonly databaseUrl: string;
  /** The same URL with the superuser's login; null where Postgres is not the embedded one. */
  readonly adminUrl: string | null;
  /** FAIRLEAD_QUEUE_SCHEMA, where it is set. */
  readonly queueSchema: string | undefined;
  /** True when the Postgres is our own, in Fairlead's data folder. */
  readonly embedded: boolean;
  close(): Promise<void>;
}

export type Open = () => Promise<Assembly>;

/** What the commands are given by src/main, each thing loaded only when a command needs it. */
export interface Cli {
  /** With the database migrated. */
  readonly open: Open;
  /** With the database as it is. */
  readonly openUnmigrated: Open;
  /** Returns the names of the migrations that were applied. */
  readonly migrate: () => Promise<readonly string[]>;
  readonly start: () => Promise<void>;
  readonly demo: () => Promise<number>;
  /** Has this process do what a worker does, until it is stopped: then it hands its tasks over. */
  readonly startWorker: (assembly: Assembly) => Promise<{ stop(): Promise<void> }>;
  /** The repository that a folder is a checkout of. Throws `NotACheckout`. */
  readonly checkout: (folder: string) => Promise<{ readonly folder: string; readonly repositoryUrl: string }>;
  /** FAIRLEAD_HOME, absolute. Throws `SettingsInvalid`. */
  readonly home: () => string;
  /** Which variable each agent takes its credentials from, and whether it is set. */
  readonly agents: () => Promise<readonly AgentOnHand[]>;
  readonly version: string;
}

export interface AgentOnHand {
  readonly name: string;
  readonly credentials: readonly { readonly variable: string; readonly present: boolean }[];
}

/** Opens, does the work and closes again, also when the work fails or is interrupted. */
export async function withAssembly<Result>(
  open: Open,
  work: (assembly: Assembly, interrupted: AbortSignal) => Promise<Result>,
): Promise<Result> {
  return await untilInterrupted(async (interrupted) => {
    const assembly = await open();
    try {
      return await Promise.race([work(assembly, interrupted), rejectionOf(interrupted)]);
    } finally {
      await assembly.close();
    }
  });
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
