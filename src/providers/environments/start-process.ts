import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, realpath, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Fault } from "../../domain/fault.ts";
import {
  EnvironmentGone,
  FolderMissing,
  ProcessNotStarted,
  ProcessStartedBefore,
} from "../../domain/faults/environments.ts";
import { exists } from "../files.ts";
import { freeLimits, processLimits } from "./marks/limit-mark.ts";
import { type Place, processFolders, variablesOf } from "./place.ts";
import type { ProcessSpec, Started } from "./port.ts";
import { programOf, refused, takeSupervisorsPlace } from "./process-folder.ts";
import { bootId, type Identity, identify, keyOf } from "./process-table.ts";
import { checkCommand, spawnDetached } from "./spawn-detached.ts";

export const supervise = fileURLToPath(new URL("supervise.sh", import.meta.url));
const comesUpInMs = 10_000;

/**
 * Starts a process under a name, and returns when its program is about to run. If we are killed on the way,
 * `adoptProcess` finds out whether it was.
 */
export async function startProcess(place: Place, spec: ProcessSpec): Promise<Started> {
  checkCommand(spec.argv);
  const [folder] = processFolders(place, spec.name);
  const cwd = await startingFolder(place, spec);
  await takeName(place, spec, folder);
  try {
    const child = await spawnDetached(["/bin/sh", supervise, folder, ...spec.argv], {
      cwd,
      env: variablesOf(place, spec.name, spec.variables),
      stdio: "ignore",
    });
    child.unref();
    const ended = new Promise<void>((settle) => void child.once("exit", () => settle()));
    await comesUp(place, spec.name, { folder, child });
    return { ended };
  } catch (error) {
    await takeSupervisorsPlace(folder).catch(() => false);
    if (error instanceof Fault) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    // /bin/sh is always there; the folder it was to begin in is not.
    if (code === "ENOENT" || code === "ENOTDIR") {
      if (cwd === place.checkout || !(await exists(place.checkout)))
        throw new EnvironmentGone(place.id, { cause: error });
      throw new FolderMissing(cwd);
    }
    throw new ProcessNotStarted(spec.name, message, { cause: error });
  }
}

/** Takes a name for good, so that nothing of that name is ever started. False: something was. */
export async function refuseProcess(place: Place, name: string): Promise<boolean> {
  const [folder] = processFolders(place, name);
  const ours = join(place.processes, `.new-${randomUUID()}`);
  try {
    await mkdir(ours);
    await writeFile(join(ours, refused), "");
    await takeSupervisorsPlace(ours);
    await rename(ours, folder);
    return true;
  } catch (error) {
    await rm(ours, { recursive: true, force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTEMPTY" || code === "EEXIST") return false;
    if (code === "ENOENT") return true; // the environment is closed, or gone: nothing is started there any more
    throw error;
  }
}

/** Beside a folder that the checkout is a link to lies what lies beside that, not what lies beside the link. */
async function startingFolder({ id, checkout }: Place, { cwd }: ProcessSpec): Promise<string> {
  if (cwd === undefined) return checkout;
  const folder = await realpath(checkout).catch((cause) => {
    throw new EnvironmentGone(id, { cause });
  });
  return resolve(folder, cwd);
}

let ourselves: Promise<Identity | null> | null = null;

/** The folder appears under its name with all that belongs in it, or not at all; of many who try, one succeeds. */
async function takeName(place: Place, spec: ProcessSpec, folder: string): Promise<void> {
  const ours = join(place.processes, `.new-${randomUUID()}`);
  try {
    await mkdir(ours);
    ourselves ??= identify(process.pid);
    const us = await ourselves;
    const { soft, hard } = processLimits(place, spec.name);
    await Promise.all([
      writeFile(join(ours, "starter"), us === null ? "" : `${keyOf(us)}\n`),
      writeFile(join(ours, "started"), `${Math.floor(Date.now() / 1000)} ${soft} ${hard} ${await freeLimits()}\n`),
      writeFile(join(ours, "boot"), await bootId()),
      writeFile(join(ours, "stdin"), spec.stdin ?? "", { mode: 0o600 }),
    ]);
    await rename(ours, folder);
  } catch (error) {
    await rm(ours, { recursive: true, force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOTEMPTY" || code === "EEXIST") throw new ProcessStartedBefore(spec.name);
    if (code === "ENOENT") throw new EnvironmentGone(place.id, { cause: error });
    throw new ProcessNotStarted(spec.name, message, { cause: error });
  }
}

async function comesUp(
  place: Place,
  name: string,
  { folder, child }: { folder: string; child: ChildProcess },
): Promise<void> {
  const deadline = performance.now() + comesUpInMs;
  for (;;) {
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    if ((await programOf(folder)) !== null) return;
    if (hasEnded) throw await whyNot(place, name, folder);
    if (performance.now() > deadline) {
      if (!(await takeSupervisorsPlace(folder))) return;
      throw new ProcessNotStarted(name, `nothing happened for ${comesUpInMs / 1000} s`);
    }
    await delay(1);
  }
}

/** Why a supervisor has ended without having run anything: its folder was moved away, its place taken, or the disk full. */
async function whyNot(place: Place, name: string, folder: string): Promise<Fault> {
  if (!(await exists(folder))) return new EnvironmentGone(place.id);
  return new ProcessNotStarted(name, "it was stopped before it began, or nothing could be written to its folder");
}
