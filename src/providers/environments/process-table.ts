import { closeSync, existsSync, openSync, readlinkSync, readSync, statSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { execa } from "execa";
import { type LimitPair, readLimitPairs } from "./marks/limit-mark.ts";

/** A process for certain: a pid may be used again, a pid with its start time may not. */
export interface Identity {
  readonly pid: number;
  /** Clock ticks since boot on Linux, a date in words elsewhere; only ever compared. */
  readonly startTime: string;
}

export interface TableEntry extends Identity {
  readonly parent: number;
  /** The pid of the process that began its session; `null` where the machine doesn't tell. */
  readonly session: number | null;
  /** Whether somebody may be sitting in front of it. */
  readonly hasTerminal: boolean;
  /** Its working directory, by the name that has now; `null` where we may not look. */
  readonly directory: string | null;
  /** `NAME=value` each, as they were when its program began; empty where we may not look. */
  readonly variables: readonly string[];
  /** Its resource limits that may be marks of an environment; none where there is no /proc. */
  readonly limits?: readonly LimitPair[];
  /** The id of its user; left out unless we are root, because others can read only their own processes. */
  readonly user?: number;
}

const hasProc = existsSync("/proc/self/stat");

export const keyOf = ({ pid, startTime }: Identity): string => `${pid} ${startTime}`;
export const same = (one: Identity, other: Identity): boolean => keyOf(one) === keyOf(other);

let underWay: Promise<readonly TableEntry[]> | null = null;
let next: Promise<readonly TableEntry[]> | null = null;

/**
 * Every process of this machine that is alive, without zombies, kernel threads, and processes that were killed but are still in
 * uninterruptible sleep. The table is read after the call; callers that arrive during a read share the next one, because a read
 * takes some 15 ms.
 */
export function processTable(): Promise<readonly TableEntry[]> {
  if (underWay === null) {
    underWay = readTable().finally(() => {
      underWay = null;
    });
    return underWay;
  }
  next ??= underWay
    .catch(() => {})
    .then(() => {
      next = null;
      return processTable();
    });
  return next;
}

async function readTable(): Promise<TableEntry[]> {
  if (!hasProc) return parsePs(await ps(["-axEww", "-o", "pid=,ppid=,lstart=,stat=,command="]));
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const entries: TableEntry[] = [];
  // A few at a time: with all of them open at once, a crowded machine would run out of file descriptors.
  while (pids.length > 0) {
    const read = await Promise.all(pids.splice(0, 32).map(readEntry));
    entries.push(...read.filter((entry) => entry !== null));
  }
  return entries;
}

export async function isAlive(identity: Identity): Promise<boolean> {
  return (await identify(identity.pid))?.startTime === identity.startTime;
}

/** The process that has a pid now; `null` when there is none. */
export async function identify(pid: number): Promise<Identity | null> {
  if (hasProc) return readStat(pid);
  return parsePs(await ps(["-o", "pid=,ppid=,lstart=,stat=,command=", "-p", String(pid)]))[0] ?? null;
}

/** Whether a pid still belongs to the process of the table. Always true where there is no /proc. */
export function isStill({ pid, startTime }: Identity): boolean {
  return !hasProc || readStat(pid)?.startTime === startTime;
}

const isRoot = process.geteuid?.() === 0;

/**
 * Reads all but the variables synchronously, which takes a third of the time and never blocks. To read variables, the kernel
 * takes a lock on the process's memory, which it may not get for long while the process is in uninterruptible sleep.
 */
async function readEntry(pid: number): Promise<TableEntry | null> {
  const read = readStat(pid);
  if (read === null) return null;
  const folder = `/proc/${pid}`;
  const path = unlessGone(() => readlinkSync(`${folder}/cwd`));
  const limits = readText(`${folder}/limits`);
  const owner = isRoot ? unlessGone(() => statSync(folder)) : null;
  const environ = await readFile(`${folder}/environ`, "utf8").catch(unlessOdd);
  return {
    ...read,
    directory: path?.replace(/ \(deleted\)$/, "") ?? null,
    variables: environ?.split("\0") ?? [],
    limits: limits === null ? [] : readLimitPairs(limits),
    ...(owner === null ? {} : { user: owner.uid }),
  };
}

type Stat = Pick<TableEntry, "pid" | "parent" | "session" | "hasTerminal" | "startTime">;

function readStat(pid: number): Stat | null {
  const text = readText(`/proc/${pid}/stat`);
  const read = text === null ? null : parseStat(pid, text);
  if (read === null || (read.state === "D" && isKilled(pid))) return null;
  const { state: _, ...entry } = read;
  return entry;
}

const kernelThread = 0x0020_0000;

function parseStat(pid: number, text: string): (Stat & { readonly state: string }) | null {
  // The second field is a name in brackets that may hold spaces and brackets; the third is the state.
  const [state = "", parent, , session, terminal, ...rest] = text.slice(text.lastIndexOf(") ") + 2).split(" ");
  const [flags, threads, startTime = ""] = [Number(rest[1]), Number(rest[12]), rest[14]];
  // A process whose first thread has ended looks like a zombie, but is alive until its last thread ends.
  if (state === "X" || (state === "Z" && threads <= 1) || (flags & kernelThread) !== 0) return null;
  return { pid, parent: Number(parent), session: Number(session), hasTerminal: terminal !== "0", startTime, state };
}

/** Whether a SIGKILL is pending: after its uninterruptible sleep such a process ends without running its own code again. */
function isKilled(pid: number): boolean {
  const status = readText(`/proc/${pid}/status`) ?? "";
  const pending = [...status.matchAll(/^(?:SigPnd|ShdPnd):\t([0-9a-f]+)$/gm)].map(([, mask]) => BigInt(`0x${mask}`));
  return pending.some((mask) => ((mask >> 8n) & 1n) === 1n);
}

const buffer = Buffer.allocUnsafe(64 * 1024);

/** Reads a file of /proc that fits into the buffer; `null` as in `unlessOdd`. */
function readText(path: string): string | null {
  return unlessGone(() => {
    const file = openSync(path, "r");
    try {
      return buffer.toString("utf8", 0, readSync(file, buffer, 0, buffer.length, null));
    } finally {
      closeSync(file);
    }
  });
}

function unlessGone<Read>(read: () => Read): Read | null {
  try {
    return read();
  } catch (error) {
    return unlessOdd(error as NodeJS.ErrnoException);
  }
}

/** `null` when the process has ended or belongs to another user. Rethrows other errors: they don't mean that it has ended. */
function unlessOdd(error: NodeJS.ErrnoException): null {
  if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(error.code ?? "")) return null;
  throw error;
}

/** Tells one start of this machine from the next; empty where it doesn't say. */
export async function bootId(): Promise<string> {
  boot ??= readFile("/proc/sys/kernel/random/boot_id", "utf8")
    .catch(unlessOdd)
    .then((id) => (id ?? "").trim());
  return boot;
}

/** No process outlives a restart of its machine. */
let boot: Promise<string> | null = null;

async function ps(args: readonly string[]): Promise<string> {
  const { stdout } = await execa("ps", args, { env: { LC_ALL: "C" }, reject: false, timeout: 10_000 });
  return stdout;
}

/** Reads what `ps` prints where there is no /proc: `lstart` is five words, and `-E` puts the variables behind the command. */
export function parsePs(text: string): TableEntry[] {
  const entries: TableEntry[] = [];
  for (const line of text.split("\n")) {
    const [pid, parent, ...words] = line.trim().split(/\s+/);
    const state = words[5];
    if (parent === undefined || state === undefined || state.startsWith("Z")) continue;
    const startTime = words.slice(0, 5).join(" ");
    const unknown = { session: null, hasTerminal: false, directory: null };
    entries.push({ pid: Number(pid), parent: Number(parent), startTime, ...unknown, variables: words.slice(6) });
  }
  return entries;
}
