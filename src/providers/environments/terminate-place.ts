import { mkdir, rename } from "node:fs/promises";
import { EnvironmentFailed } from "../../domain/faults/environments.ts";
import { exists, removeWhole } from "../files.ts";
import { endProcesses, readAll } from "./end-processes.ts";
import { environmentLimits } from "./marks/limit-mark.ts";
import { environmentMarker, type Place, realRoot } from "./place.ts";
import { allProcessFolders, sessionOf } from "./process-folder.ts";

const graceMs = 1_000;

/** Ends every process of an environment and lets none start any more; its checkout stays. */
export async function quiescePlace(place: Place, graceMs: number): Promise<void> {
  // First, because a supervisor whose folder is not where it was told does nothing. Made empty before it is replaced,
  // so that also an environment that is just being made sees that it is closed.
  await mkdir(place.closedProcesses).catch(() => undefined);
  await rename(place.processes, place.closedProcesses).catch(() => undefined);
  await endProcesses({ ...(await quarryOf(place)), folders: await allProcessFolders(place) }, graceMs);
}

/** Ends every process of an environment and removes its folder. Repeatable, also after a crash at any point. */
export async function terminatePlace(place: Place): Promise<void> {
  await quiescePlace(place, graceMs);
  const sessions = await readAll(await allProcessFolders(place), sessionOf);
  const quarry = await quarryOf(place);
  // The checkout shares nothing with the mirror but objects that it reads, so removing the folder is all there is to it.
  await removeWhole(place.root).catch((cause: Error) => {
    const advice = `Remove ${place.root} by hand, or make it this user's own; then it is tried again.`;
    throw new EnvironmentFailed(`Environment ${place.id} can't be removed: ${cause.message}. ${advice}`, {}, { cause });
  });
  // A command that was just beginning when we looked: from here on there is no folder for one to begin in.
  await endProcesses({ ...quarry, folders: [], sessions }, graceMs);
  if (!(await exists(place.root))) return;
  throw new EnvironmentFailed(`${place.root} has come back while it was removed. It is tried again.`);
}

async function quarryOf(place: Place) {
  return { marker: environmentMarker(place), limits: environmentLimits(place), within: await realRoot(place) };
}
