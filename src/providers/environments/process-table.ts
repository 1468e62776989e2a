import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { execa } from "execa";

/** A process for certain: a pid may be used again, a pid with its start time may not. */
export interface Identity {
  readonly pid: number;
  /** Clock ticks since boot on Linux, a date in words elsewhere; only ever compared. */
  readonly startTime: string;
}

export interface TableEntry extends Identity {
  readonly parent: number;
  /** `NAME=value` each, as they were when its program began; empty where we may not look. */
  readonly variables: readonly string[];
}

const hasProc = existsSync("/proc/self/stat");

export const keyOf = ({ pid, startTime }: Identity): string => `${pid} ${startTime}`;
export const same = (one: Identity, other: Identity): boolean => keyOf(one) === keyOf(other);

/** Every process of this machine that is alive. One that has ended and only waits to be collected is not. */
export async function processTable(): Promise<TableEntry[]> {
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
  return { ...stat, variables: environ?.split("\0") ?? [] };
}

async function readStat(pid: number): Promise<(Identity & { parent: number }) | null> {
  const stat = await readProc(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is a name in brackets that may hold spaces and brackets; the third is the state.
  const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(") ") + 2).split(" ");
  if (state === "Z" || state === "X") return null;
  return { pid, parent: Number(parent), startTime: rest[17] ?? "" };
}

/** `null` when the process has ended, or is another user's. Any other failure must not pass for "nobody is there". */
async function readProc(path: string): Promise<string | null> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(error.code ?? "")) return null;
    throw error;
  });
}

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
    entries.push({ pid: Number(pid), parent: Number(parent), startTime, variables: words.slice(6) });
  }
  return entries;
}
