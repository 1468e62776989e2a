import { readdir, readFile, readlink, symlink } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import type { Place } from "./place.ts";
import { bootId, type Identity } from "./process-table.ts";

/** What the supervisor and the starter leave in the folder of a process; `supervise.sh` says what each file is. */
export interface SupervisorRecord extends Identity {
  readonly startedAt: Date;
}

export interface ExitRecord {
  readonly code: number | null;
  readonly signal: string | null;
  readonly endedAt: Date;
}

/** The file that says that nothing was ever to be started under this name. */
export const refused = "refused";

/** The folders of all processes that were ever started in an environment, be it open or closed. */
export async function allProcessFolders({ processes, closedProcesses }: Place): Promise<string[]> {
  const listed = [processes, closedProcesses].map(async (folder) =>
    (await readdir(folder).catch(() => [])).map((name) => join(folder, name)),
  );
  return (await Promise.all(listed)).flat();
}

/** `"nobody"` when it has been settled that no supervisor will ever come up here; `null` when that is still open. */
export async function readSupervisor(folder: string): Promise<SupervisorRecord | "nobody" | null> {
  const text = await readlink(join(folder, "supervisor")).catch(missing);
  if (text === null || text === "nobody") return text;
  const [started = "", ...identity] = text.trim().split(/\s+/);
  return { ...parseIdentity(identity), startedAt: new Date(Number(started) * 1000) };
}

/** Takes the supervisor's place, so that none can come up any more. False when somebody has it, or it isn't there. */
export async function takeSupervisorsPlace(folder: string): Promise<boolean> {
  try {
    await symlink("nobody", join(folder, "supervisor"));
    return true;
  } catch (error) {
    if (["EEXIST", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

export async function supervisorOf(folder: string): Promise<SupervisorRecord | null> {
  const supervisor = await readSupervisor(folder);
  return supervisor === "nobody" ? null : supervisor;
}

/**
 * Who began the session of a process. Only one of this start of the machine: its number outlives it as long as anybody
 * is in the session, but not a restart, and then it may be any other session's.
 */
export async function sessionOf(folder: string): Promise<Identity | null> {
  const boot = await readFile(join(folder, "boot"), "utf8").catch(missing);
  return boot === (await bootId()) ? supervisorOf(folder) : null;
}

/** The program that the supervisor runs. */
export const programOf = (folder: string): Promise<Identity | null> => readIdentity(folder, "pid");

/** The process of ours that took the name, and is to start the supervisor. */
export const starterOf = (folder: string): Promise<Identity | null> => readIdentity(folder, "starter");

async function readIdentity(folder: string, file: string): Promise<Identity | null> {
  const text = await readFile(join(folder, file), "utf8").catch(missing);
  // What is not a line yet is just being written.
  return text?.endsWith("\n") ? parseIdentity(text.trim().split(/\s+/)) : null;
}

export async function readExit(folder: string): Promise<ExitRecord | null> {
  const text = await readFile(join(folder, "exit"), "utf8").catch(missing);
  const [, status, ended] = /^(\d+) (\d+) *\.\n$/.exec(text ?? "")?.map(Number) ?? [];
  if (status === undefined || ended === undefined) return null;
  const endedAt = new Date(ended * 1000);
  // A shell tells a signal as 128 + its number; a program that exits with such a status itself means the same by it.
  const signal = Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0] ?? null;
  return { code: signal === null ? status : null, signal, endedAt };
}

/** Words of a start time are compared with single spaces between them: `ps` pads its dates. */
function parseIdentity([pid, ...startTime]: readonly string[]): Identity {
  return { pid: Number(pid), startTime: startTime.join(" ") };
}

function missing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return null;
  throw error;
}
