import { execa } from "execa";
import { GitFailed, GitMissing } from "../../../domain/faults/git.ts";
import { complaint } from "./complaint.ts";
import { addressOf, loginVariables } from "./credentials.ts";
import { endGroupOn } from "./end-group.ts";
import { fixedSettings, fixedVariables, localVariables } from "./fixed-settings.ts";
import { localEnvironment, remoteEnvironment } from "./inherited.ts";
import { type Remote, remoteSettings, remoteVariables } from "./remotes.ts";

export const probeTimeoutMs = 30_000;
export const transferTimeoutMs = 600_000;
/** A transfer that stalls for so long is ended. */
const stallMs = 20_000;
const localTimeoutMs = 120_000;

export interface GitOptions {
  /** The repository's own folder: a bare repository, or a `.git`. */
  readonly gitDir?: string;
  /** Where git begins; with no `gitDir` it looks for a repository there. `/` when left out. */
  readonly cwd?: string;
  /** The remote that this git may talk to. Left out: none, and it reads only the repository's configuration, and ours. */
  readonly remote?: Remote;
  /** True: it reads the user's configuration too. For questions about a user's own checkout. */
  readonly asUser?: boolean;
  readonly stdin?: string | Uint8Array;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly variables?: Readonly<Record<string, string>>;
  /** Arguments that go before git's command, as `-c` does. */
  readonly settings?: readonly string[];
  /** Bytes of output after which git is stopped and the rest is left out. */
  readonly limit?: number;
}

/** How git ended. `code` is null when a signal ended it, ours or another's. */
export interface GitResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly stalled: boolean;
  readonly truncated: boolean;
}

/** The same, with what git wrote as it wrote it. */
export interface GitBytes extends Omit<GitResult, "stdout"> {
  readonly stdout: Uint8Array;
}

/** Runs git on this machine. A non-zero exit is a result; throws `GitMissing`, and the signal's reason on abort. */
export async function git(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  const result = await gitBytes(args, options);
  return { ...result, stdout: wholeText(result.stdout, result.truncated) };
}

/** The same where the output may be in any encoding, or none. */
export async function gitBytes(args: readonly string[], options: GitOptions = {}): Promise<GitBytes> {
  const { gitDir, remote, signal } = options;
  signal?.throwIfAborted();
  const where = gitDir === undefined ? [] : [`--git-dir=${gitDir}`];
  const settings = [
    ...fixedSettings,
    ...(remote === undefined ? [] : remoteSettings(remote)),
    ...(options.settings ?? []),
  ];
  // A process group of its own: stopping git alone would leave its ssh holding our pipes, and with no
  // controlling terminal no program can ask a question there.
  const child = execa("git", [...where, ...settings, ...args], {
    cwd: options.cwd ?? "/",
    env: await variablesOf(options),
    extendEnv: false,
    ...(options.stdin === undefined ? { stdin: "ignore" } : { input: options.stdin }),
    encoding: "buffer",
    maxBuffer: options.limit ?? 64 * 1024 * 1024,
    stripFinalNewline: false,
    detached: true,
    reject: false,
  });
  const ending = endGroupOn(child.pid, {
    signal,
    timeoutMs: options.timeoutMs ?? localTimeoutMs,
    stallMs: remote === undefined ? null : stallMs,
  });
  const result = await child;
  const { timedOut, stalled } = ending.done();
  signal?.throwIfAborted();
  if (result.code === "ENOENT" || result.code === "EACCES") throw new GitMissing(null);
  return {
    code: result.exitCode ?? null,
    stdout: result.stdout ?? new Uint8Array(),
    stderr: wholeText(result.stderr, false),
    timedOut,
    stalled,
    truncated: result.isMaxBuffer,
  };
}

/** Runs git where only exit status 0 will do, and gives its output. Throws `GitFailed` with git's own words. */
export async function gitOutput(args: readonly string[], options: GitOptions = {}): Promise<string> {
  const result = await git(args, options);
  if (result.code !== 0) throw new GitFailed(args.find((arg) => !arg.startsWith("-")) ?? "", complaint(result));
  return result.stdout.trimEnd();
}

async function variablesOf({ remote, asUser, variables }: GitOptions): Promise<Record<string, string>> {
  if (remote === undefined && asUser === true) {
    return { ...remoteEnvironment(process.env), ...fixedVariables, GIT_ALLOW_PROTOCOL: "none", ...variables };
  }
  if (remote === undefined) {
    return { ...localEnvironment(process.env), ...fixedVariables, ...localVariables, ...variables };
  }
  const inherited = { ...remoteEnvironment(process.env), ...fixedVariables, ...(await remoteVariables(remote)) };
  // Only the workspace's own remote gets the login that its address holds.
  const login = loginVariables(addressOf(remote.url), inherited);
  return { ...inherited, ...login, ...variables };
}

/** Text without a character that was cut in two by the limit. */
function wholeText(bytes: Uint8Array | undefined, cut: boolean): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes, { stream: cut });
}
