import type { Command } from "../../domain/blueprints/blueprint.ts";
import type { EnvironmentId } from "../../domain/ids.ts";

/** What an environment is asked for. The same request again gives the same environment. */
export type EnvironmentRequest = BranchRequest | FolderRequest;

/** A checkout of its own, of a branch. */
export interface BranchRequest {
  readonly id: EnvironmentId;
  readonly repositoryUrl: string;
  /** Checked out when it is on the remote (a retry goes on from it); else made from `targetBranch`. */
  readonly branch: string;
  readonly targetBranch: string;
  /** Hosts, besides the repository's own, on which its submodules and LFS objects may be. */
  readonly hosts: readonly string[];
}

/** Somebody's own folder, in which it works and which it leaves behind; `null` is an empty one that goes with it. */
export interface FolderRequest {
  readonly id: EnvironmentId;
  readonly folder: string | null;
}

/** A process as the supervisor knows it. */
export type ProcessState =
  | { readonly state: "absent" }
  | { readonly state: "running"; readonly pid: number; readonly startedAt: Date }
  | { readonly state: "exited"; readonly code: number | null; readonly signal: string | null; readonly endedAt: Date }
  /** It was started, it is gone, and nobody saw how it ended: its supervisor died with it. */
  | { readonly state: "lost" };

export interface ProcessSpec {
  /** Lower case letters, digits and dashes; unique in its environment for ever: `agent-1`, `preview-2`. */
  readonly name: string;
  readonly argv: Command;
  /** Given besides the environment's allow-listed variables. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Where it begins, relative to the checkout; the checkout itself when left out. */
  readonly cwd?: string | undefined;
}

/** A process that has just been started. */
export interface Started {
  /** Resolves when it seems to have ended, for whoever would rather not wait for the next look. Never rejects. */
  readonly ended: Promise<void>;
}

export type OutputStream = "stdout" | "stderr";

/** The result of a command that was run to its end. `output` is both streams as they came, its last 64 KiB. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly output: string;
}

/** One isolated place with a checkout. Paths are relative to the checkout. */
export interface Environment {
  readonly id: EnvironmentId;
  /** Absolute, as processes inside the environment see it. */
  readonly checkout: string;
  /** Absolute folder outside the checkout that lives as long as the environment, for an agent's own state. */
  readonly stateDirectory: string;
  /**
   * The common directory (GIT_COMMON_DIR) with which our git works in the checkout: its configuration is ours, whatever an
   * agent has written to the checkout's own. Null where the checkout is a folder of a user's own.
   */
  commonDirectory(): Promise<string | null>;
  /** Whether it is still there. */
  present(): Promise<boolean>;

  /** Starts a long process under a name, detached from us. Throws `ProcessStartedBefore` when the name has been used. */
  start(spec: ProcessSpec): Promise<Started>;
  /** Finds a process again after any restart of ours. */
  adopt(name: string): Promise<ProcessState>;
  /** The bytes of a process's output from an offset on; empty when there are none yet. At most `limit` bytes. */
  read(name: string, stream: OutputStream, offset: number, limit: number): Promise<Buffer>;
  /** How many bytes of output there are by now. */
  written(name: string, stream: OutputStream): Promise<number>;
  /**
   * TERM, wait `graceMs`, then KILL every descendant; returns when a probe has seen them all gone. One that has not been
   * started never will be.
   */
  stop(name: string, graceMs: number): Promise<void>;

  /** Frees the name of a process that has ended, so that it can be started again. Its output is deleted. */
  forget(name: string): Promise<void>;

  /** Runs a short command in the checkout. A non-zero exit is a result, not an error; only a timeout or an abort throws. */
  run(argv: Command, options: RunOptions): Promise<Ran>;
  readFile(path: string): Promise<string | null>;
  /** The text of a file in `stateDirectory`, by its name; `null` when there is no such file. */
  readState(name: string): Promise<string | null>;
  writeFile(path: string, text: string): Promise<void>;
  /** Names in a folder of the checkout, folders with a `/` behind; empty when there is no such folder. */
  list(path: string): Promise<string[]>;
  /** Who listens on a port where `expose` leads. */
  listener(port: number): Promise<Listener>;
  /** Where a person reaches a port of this environment, e.g. `http://localhost:4711`. */
  expose(port: number): string;
}

export interface RunOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly variables?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/**
 * Who takes connections to a port: this environment, some other program, or nobody. It is unknown where the machine
 * doesn't tell, or tells only of a program that we may not look into.
 */
export type Listener = "own" | "other" | "nobody" | "unknown";

/** What a look at the machine has found of an environment; nothing when it is gone. */
export interface Remains {
  readonly folder: boolean;
  /** The ids of its processes, as the machine has them. */
  readonly processes: readonly number[];
}

/** A way to have environments. `local` is a process tree on this machine; containers and remote hosts come later. */
export interface EnvironmentProvider {
  readonly name: string;
  /** Makes the environment, or finds it made already. Throws a Fault whose message tells a person what to do. */
  provision(request: EnvironmentRequest, signal: AbortSignal): Promise<Environment>;
  /** The environment of an id, without looking whether it is there. */
  open(id: EnvironmentId, repositoryUrl: string): Environment;
  /** Stops every process of the environment, whoever started it, and lets none start any more. Repeatable. */
  quiesce(id: EnvironmentId, graceMs: number): Promise<void>;
  /** Takes the checkout out of the environment, to stay when that is removed. Repeatable; gives what `kept` does. */
  keep(id: EnvironmentId): Promise<string | null>;
  /** Where the checkout lies that was taken out of an environment; `null` when none was. */
  kept(id: EnvironmentId): Promise<string | null>;
  /** Stops every process of the environment, also those that left its process tree, then removes it all. Repeatable. */
  terminate(id: EnvironmentId, repositoryUrl: string): Promise<void>;
  /** What is still there of an environment, by a look at the machine itself. */
  remains(id: EnvironmentId): Promise<Remains>;
  /** The ids of all environments that are there on this machine, whether anybody owns them or not. */
  list(): Promise<EnvironmentId[]>;
  /** Repairs environments after the data folder was moved. Repeatable; returns the folders that it repaired. */
  mend(): Promise<string[]>;
  /**
   * Whether this machine lets us find a process that has dropped its variables and left its session, parent and folder. Tests
   * it with a process. Where it is false, such a process can outlive its environment.
   */
  findsAll(): Promise<boolean>;
}
