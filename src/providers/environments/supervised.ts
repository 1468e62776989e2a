import { randomUUID } from "node:crypto";
import { open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { exists } from "../files.ts";
import { endProcesses } from "./end-processes.ts";
import { processLimits } from "./marks/limit-mark.ts";
import { type Place, processFolders, processMarker } from "./place.ts";
import type { OutputStream, ProcessState } from "./port.ts";
import { programOf, readExit, readSupervisor, refused, starterOf, takeSupervisorsPlace } from "./process-folder.ts";
import { type Identity, isAlive, processTable } from "./process-table.ts";
import { hasMark, type Tree } from "./process-tree.ts";
import { refuseProcess } from "./start-process.ts";

/** How long somebody who lives may take from taking a name to having a supervisor there. */
const startingForMs = 5_000;

/** What became of a process. Waits while it is just being started, and settles it when whoever did that is gone. */
export async function adoptProcess(place: Place, name: string): Promise<ProcessState> {
  const deadline = performance.now() + startingForMs;
  for (;;) {
    const folder = await findFolder(place, name);
    if (folder === null) return { state: "absent" };
    const seen = await observe(folder, marksOf(place, name));
    if (seen === "never ran") {
      await discard(folder);
      continue;
    }
    // The environment may have been closed under our eyes, and then we have looked at two halves.
    if (seen !== "starting" && folder === (await findFolder(place, name))) return seen;
    if (performance.now() > deadline || !(await hasLivingStarter(folder))) {
      // From here on it can't come up any more, or it has just done so: the next look tells which.
      await takeSupervisorsPlace(folder);
    }
    await delay(10);
  }
}

/** At most `limit` bytes of what a process wrote, from an offset on. */
export async function readOutput(
  place: Place,
  name: string,
  { stream, offset, limit }: { stream: OutputStream; offset: number; limit: number },
): Promise<Buffer> {
  const folder = await findFolder(place, name);
  const file = folder === null ? null : await open(join(folder, stream)).catch(() => null);
  if (file === null) return Buffer.alloc(0);
  try {
    const { size } = await file.stat();
    const wanted = Buffer.alloc(Math.max(0, Math.min(limit, size - offset)));
    const { bytesRead } = await file.read(wanted, 0, wanted.length, offset);
    return wanted.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** How long a process's output is by now. */
export async function outputSize(place: Place, name: string, stream: OutputStream): Promise<number> {
  const folder = await findFolder(place, name);
  const file = folder === null ? null : await stat(join(folder, stream)).catch(() => null);
  return file?.size ?? 0;
}

/** Ends a process and all that came of it. One that is just being started doesn't come up any more. */
export async function stopProcess(place: Place, name: string, graceMs: number): Promise<void> {
  let folder = await findFolder(place, name);
  if (folder === null && (await refuseProcess(place, name))) return;
  folder ??= await findFolder(place, name);
  if (folder === null) return;
  await takeSupervisorsPlace(folder);
  await endProcesses({ ...marksOf(place, name), folders: processFolders(place, name) }, graceMs);
}

/** Frees the name of a process that has ended. A process that runs, or may still start, keeps its name. */
export async function forgetProcess(place: Place, name: string): Promise<void> {
  const { state } = await adoptProcess(place, name);
  const folder = state === "exited" || state === "lost" ? await findFolder(place, name) : null;
  if (folder !== null) await discard(folder);
}

/**
 * Looks once. In this order, because a supervisor that was dead before we read the rest has written all that it ever
 * will; read the other way round, one that ends in between would seem lost.
 */
async function observe(folder: string, marks: Marks): Promise<ProcessState | "starting" | "never ran"> {
  const supervisor = await readSupervisor(folder);
  if (supervisor === null) return "starting";
  // Whoever wanted to start it lives: it was told no, and the name stays used.
  if (supervisor === "nobody") {
    const isTaken = (await hasLivingStarter(folder)) || (await exists(join(folder, refused)));
    return isTaken ? { state: "lost" } : "never ran";
  }

  const isSupervised = await isAlive(supervisor);
  const program = await programOf(folder);
  const isRunning = program !== null && (await isAlive(program));
  const exit = await readExit(folder);
  // It may have begun since we looked for its pid; without one it never did, and the status is the supervisor's own.
  const hasRun = exit !== null && (program ?? (await programOf(folder))) !== null;
  if (exit !== null) return hasRun ? { state: "exited", ...exit } : { state: "lost" };
  if (isRunning) return { state: "running", pid: program.pid, startedAt: supervisor.startedAt };
  if (isSupervised) return { state: "running", pid: (program ?? supervisor).pid, startedAt: supervisor.startedAt };
  // The supervisor was killed, maybe in the instant before its child had written down who it is.
  const unrecorded = program === null ? await findMember(marks) : undefined;
  if (unrecorded === undefined) return { state: "lost" };
  return { state: "running", pid: unrecorded.pid, startedAt: supervisor.startedAt };
}

/** Frees a name under which no process runs or can start. */
async function discard(folder: string): Promise<void> {
  const aside = `${dirname(folder)}/.never-${randomUUID()}`;
  await rename(folder, aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error; // somebody else was faster
  });
  await rm(aside, { recursive: true, force: true });
}

async function hasLivingStarter(folder: string): Promise<boolean> {
  const starter = await starterOf(folder);
  return starter !== null && (await isAlive(starter));
}

type Marks = Required<Pick<Tree, "marker" | "limits">>;

const marksOf = (place: Place, name: string): Marks => ({
  marker: processMarker(place, name),
  limits: processLimits(place, name),
});

async function findMember(marks: Marks): Promise<Identity | undefined> {
  return (await processTable()).find((entry) => hasMark(entry, marks));
}

async function findFolder(place: Place, name: string): Promise<string | null> {
  for (const folder of processFolders(place, name)) if (await exists(folder)) return folder;
  return null;
}
