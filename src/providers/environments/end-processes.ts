import { setTimeout as delay } from "node:timers/promises";
import { ProcessWontEnd } from "../../domain/faults/environments.ts";
import type { LimitMark } from "./marks/limit-mark.ts";
import { programOf, sessionOf, supervisorOf } from "./process-folder.ts";
import { type Identity, isStill, keyOf, processTable, same } from "./process-table.ts";
import { findMembers } from "./process-tree.ts";

/** Which processes are to end. */
export interface Quarry {
  /** The `NAME=value` that each of them was started with: it finds those that left the process tree. */
  readonly marker: string;
  /** The limits that each of them was started with: they also find those that dropped the marker. */
  readonly limits?: LimitMark;
  /** Folders of supervised processes, read anew in each round. They also find a program that dropped the marker. */
  readonly folders: readonly string[];
  /** Sessions that were found earlier, when their folders were still there. */
  readonly sessions?: readonly Identity[];
  /** See `Tree`. */
  readonly within?: string | undefined;
}

const killForMs = 5_000;
/** How long a supervisor may take to record how its program ended, before it is killed as well. */
const recordForMs = 700;

/**
 * Asks with TERM, and after `graceMs` insists with KILL, until nothing is left. What is born in the meantime is found by
 * the next look, and what was seen once counts with its descendants even if it leaves the tree later.
 */
export async function endProcesses(quarry: Quarry, graceMs: number): Promise<void> {
  const began = performance.now();
  const asked = new Set<string>();
  const seen = new Set<string>();
  // During exec() a process shows no variables for a moment: only two empty looks in a row mean that none is left.
  for (let emptyLooks = 0; emptyLooks < 2; ) {
    const { table, tree } = await look(quarry);
    const members = findMembers(table, { ...tree, seen });
    const recording = table.filter((entry) => tree.supervisors.some((supervisor) => same(entry, supervisor)));
    emptyLooks = members.length + recording.length === 0 ? emptyLooks + 1 : 0;
    for (const member of members) seen.add(keyOf(member));

    const elapsedMs = performance.now() - began;
    const left = [...members, ...recording];
    if (elapsedMs > graceMs + killForMs && left.length > 0) throw new ProcessWontEnd(left.map(({ pid }) => pid));
    if (elapsedMs < graceMs) askOnce(members, asked);
    else signalAll(members, "SIGKILL");
    if (elapsedMs > graceMs + recordForMs) signalAll(recording, "SIGKILL");
    await delay(pauseMs(elapsedMs, graceMs));
  }
}

/** The programs are read last, so that none in the table is spared for one of its supervisor's bookkeepers. */
async function look({ folders, sessions = [], within, ...marks }: Quarry) {
  const supervisors = await readAll(folders, supervisorOf);
  const began = [...sessions, ...(await readAll(folders, sessionOf))];
  const table = await processTable();
  const roots = await readAll(folders, programOf);
  return { table, tree: { ...marks, roots, supervisors, sessions: began, within } };
}

export async function readAll(
  folders: readonly string[],
  read: (folder: string) => Promise<Identity | null>,
): Promise<Identity[]> {
  return (await Promise.all(folders.map(read))).filter((identity) => identity !== null);
}

/** Most end at once; for those that don't, looking at every process of the machine less often will do. */
function pauseMs(elapsedMs: number, graceMs: number): number {
  if (elapsedMs < 500 || elapsedMs >= graceMs) return 20;
  return Math.min(100, graceMs - elapsedMs);
}

/** To many programs a second TERM means "at once", so nobody gets two. */
function askOnce(members: readonly Identity[], asked: Set<string>): void {
  signalAll(
    members.filter((member) => !asked.has(keyOf(member))),
    "SIGTERM",
  );
  for (const member of members) asked.add(keyOf(member));
}

/** Checks each process again right before the signal: its pid may have been reused since the table was read. */
function signalAll(members: readonly Identity[], signal: NodeJS.Signals): void {
  for (const member of members) {
    try {
      if (isStill(member)) process.kill(member.pid, signal);
    } catch {
      // It has gone since the look (ESRCH), or isn't ours (EPERM), and then the next look finds it still there.
    }
  }
}
