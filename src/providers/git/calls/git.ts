import { execa } from "execa";
import { GitFailed, GitMissing } from "../../../domain/faults/git.ts";
import { redact } from "../../../domain/redact.ts";

export const probeTimeoutMs = 30_000;
export const transferTimeoutMs = 600_000;
const localTimeoutMs = 120_000;

export interface GitOptions {
  /** The repository; without one git runs outside of any. */
  readonly cwd?: string;
  readonly stdin?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly variables?: Readonly<Record<string, string>>;
  /** Bytes of output after which git is stopped and the rest is left out. */
  readonly limit?: number;
}

/** How git ended. `code` is null when a signal ended it, ours or another's. */
export interface GitResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly truncated: boolean;
}

/** Runs git on this machine. A non-zero exit is a result; throws `GitMissing`, and the signal's reason on abort. */
export async function git(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  options.signal?.throwIfAborted();
  // A process group of its own: stopping git alone would leave its ssh holding our pipes, and with no
  // controlling terminal nothing can ask a question there.
  const child = execa("git", [...safeguards, ...args], {
    cwd: options.cwd ?? "/",
    env: { ...inherited(process.env), ...(await quietly()), ...options.variables },
    extendEnv: false,
    ...(options.stdin === undefined ? { stdin: "ignore" } : { input: options.stdin }),
    encoding: "buffer",
    maxBuffer: options.limit ?? 64 * 1024 * 1024,
    stripFinalNewline: false,
    detached: true,
    reject: false,
  });
  const ending = endGroupOn(child.pid, options.signal, options.timeoutMs ?? localTimeoutMs);
  const result = await child;
  const timedOut = ending.done();
  options.signal?.throwIfAborted();
  if (result.code === "ENOENT" || result.code === "EACCES") throw new GitMissing(null);
  return {
    code: result.exitCode ?? null,
    stdout: wholeText(result.stdout, result.isMaxBuffer),
    stderr: wholeText(result.stderr, false),
    timedOut,
    truncated: result.isMaxBuffer,
  };
}

/** Runs git where only exit status 0 will do, and gives its output. Throws `GitFailed` with git's own words. */
export async function gitOutput(args: readonly string[], options: GitOptions = {}): Promise<string> {
  const result = await git(args, options);
  if (result.code !== 0) throw new GitFailed(args.find((arg) => !arg.startsWith("-")) ?? "", complaint(result));
  return result.stdout.trimEnd();
}

/** What git complained of, in one line without credentials. */
export function complaint(result: { readonly stderr: string; readonly timedOut?: boolean }): string {
  if (result.timedOut) return "it did not answer in time";
  const lines = redact(result.stderr)
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !boilerplate.test(line));
  // What git dies of in the end hides why: a full disk shows in a line before.
  const full = lines.find((text) => /no space left on device|disk quota exceeded/i.test(text));
  const line = full ?? lines.findLast((text) => /^(fatal|error|remote: (fatal|error)):/i.test(text)) ?? lines.at(-1);
  return (line ?? "it gave no reason").replace(/^(remote: )?(fatal|error): /i, "").replace(/\.$/, "");
}

/** Set in each call, because an agent may have written to the configuration of a repository that we work in. */
export const safeguards: readonly string[] = [
  ["protocol.ext.allow", "never"],
  ["core.hooksPath", "/dev/null"],
  ["core.fsmonitor", "false"],
  ["core.quotePath", "false"],
].flatMap(([key, value]) => ["-c", `${key}=${value}`]);

const boilerplate =
  /^(fatal: Could not read from remote repository|Please make sure you have the correct access|and the repository exists)/;

/** git gets what it needs to reach a remote and none of the server's secrets, since configuration can run programs. */
const allowed =
  /^(PATH|HOME|USER|LOGNAME|TMPDIR|LANG|XDG_|SSH_|GIT_|GCM_|SSL_CERT_|KRB5|https?_proxy$|no_proxy$|all_proxy$)/i;
/** These would turn our commands towards another repository, as when the server is started from a git hook. */
const ofARepository =
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|OBJECT_|ALTERNATE_|NAMESPACE|PREFIX|QUARANTINE|CEILING_)/;

function inherited(from: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(from).filter(([name]) => allowed.test(name) && !ofARepository.test(name)));
}

let ssh: Promise<string> | undefined;

/** Variables that keep git from asking anybody anything; a way to call ssh that the user set stays as it is. */
export async function quietly(): Promise<Record<string, string>> {
  ssh ??= sshCommand(process.env);
  const quiet = { LC_ALL: "C", GIT_TERMINAL_PROMPT: "0", GCM_INTERACTIVE: "never" };
  const command = await ssh;
  return command === "" ? quiet : { ...quiet, GIT_SSH_COMMAND: command };
}

async function sshCommand(from: NodeJS.ProcessEnv): Promise<string> {
  if (from.GIT_SSH_COMMAND !== undefined) return from.GIT_SSH_COMMAND;
  if (from.GIT_SSH !== undefined) return "";
  const options = { cwd: "/", reject: false, timeout: localTimeoutMs, stdin: "ignore" } as const;
  const configured = await execa("git", ["config", "--get", "core.sshCommand"], options);
  return configured.stdout === "" ? "ssh -o BatchMode=yes -o ConnectTimeout=15" : "";
}

/** Ends a process group when time is up or the signal says so; `done` tells whether it was the time. */
function endGroupOn(pid: number | undefined, signal: AbortSignal | undefined, timeoutMs: number) {
  let timedOut = false;
  let forced: NodeJS.Timeout | undefined;
  const end = (): void => {
    // TERM first: git removes its lock files on it.
    killGroup(pid, "SIGTERM");
    forced = setTimeout(killGroup, 2_000, pid, "SIGKILL");
  };
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, timeoutMs);
  signal?.addEventListener("abort", end, { once: true });
  return {
    done(): boolean {
      clearTimeout(timer);
      clearTimeout(forced);
      signal?.removeEventListener("abort", end);
      return timedOut;
    },
  };
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Text without a character that was cut in two by the limit. */
function wholeText(bytes: Uint8Array | undefined, cut: boolean): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes, { stream: cut });
}
