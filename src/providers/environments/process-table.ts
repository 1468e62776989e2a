import { existsSync } from "node:fs";
import { readdir, readFile, readlink } from "node:fs/promises";
import { execa } from "execa";

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
}

const hasProc = existsSync("/proc/self/stat");

export const keyOf = ({ pid, startTime }: Identity): string => `${pid} ${startTime}`;
export const same = (one: Identity, other: Identity): boolean => keyOf(one) === keyOf(other);

let underWay: Promise<readonly TableEntry[]> | null = null;
let next: Promise<readonly TableEntry[]> | null = null;

/**
 * Every process of this machine that is alive. One that has ended and only waits to be collected is not. The look begins
 * after it was asked for; whoever asks while another is under way shares the next one, for each takes some 20 ms.
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

async function readEntry(pid: number): Promise<TableEntry | null> {
  const stat = await readStat(pid);
  if (stat === null) return null;
  const environ = await readProc(`/proc/${pid}/environ`);
  return { ...stat, directory: await directoryOf(pid), variables: environ?.split("\0") ?? [] };
}

async function directoryOf(pid: number): Promise<string | null> {
  const path = await orNull(readlink(`/proc/${pid}/cwd`));
  return path?.replace(/ \(deleted\)$/, "") ?? null;
}

async function readStat(pid: number): Promise<Omit<TableEntry, "directory" | "variables"> | null> {
  const stat = await readProc(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is a name in brackets that may hold spaces and brackets; the third is the state.
  const [state, parent, , session, terminal, ...rest] = stat.slice(stat.lastIndexOf(") ") + 2).split(" ");
  if (state === "Z" || state === "X") return null;
  const startTime = rest[14] ?? "";
  return { pid, parent: Number(parent), session: Number(session), hasTerminal: terminal !== "0", startTime };
}

const readProc = (path: string): Promise<string | null> => orNull(readFile(path, "utf8"));

/** `null` when the process has ended, or is another user's. Any other failure must not pass for "nobody is there". */
async function orNull(reading: Promise<string>): Promise<string | null> {
  return reading.catch((error: NodeJS.ErrnoException) => {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(error.code ?? "")) return null;
    throw error;
  });
}

/** Tells one start of this machine from the next; empty where it doesn't say. */
export async function bootId(): Promise<string> {
  boot ??= orNull(readFile("/proc/sys/kernel/random/boot_id", "utf8")).then((id) => (id ?? "").trim());
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
