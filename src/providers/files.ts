import { randomUUID } from "node:crypto";
import { chmod, link, lstat, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isRunning } from "./processes.ts";

/**
 * Makes a folder whole or not at all: `make` fills one beside it, which then gets the name in one step. A folder of
 * that name made by another process in the meantime is as good as ours.
 */
export async function makeWhole(path: string, make: (partial: string) => Promise<void>): Promise<void> {
  await sweepPartials(path);
  const partial = partialName(path);
  try {
    await make(partial);
    await rename(partial, path);
  } catch (error) {
    if (!isTaken(error)) throw error;
  } finally {
    await removeTree(partial);
  }
}

/**
 * Makes a folder and those above it. Node's own recursive `mkdir` never returns where a folder above is there and takes no
 * new ones, such as `/proc`.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (code !== "ENOENT" || (await exists(dirname(path)))) throw error;
    await makeFolder(dirname(path));
    await makeFolder(path);
  }
}

/** Removes what makers of a folder that are gone have left half-made for it. */
export async function sweepPartials(path: string): Promise<void> {
  await removePartials(path, (pid) => !isRunning(pid));
}

/** Removes a folder and all that was left half-made for it. Repeatable; the name is free before the files are gone. */
export async function removeWhole(path: string): Promise<void> {
  if (await exists(path)) await rename(path, partialName(path));
  await removePartials(path, () => true);
}

/** Creates a file for our eyes only, whole or not at all. False when there is one of that name. */
export async function createWhole(path: string, text: string): Promise<boolean> {
  const draft = partialName(path);
  try {
    await writeFile(draft, text, { mode: 0o600, flag: "wx", flush: true });
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Whether there is anything of that name; a link that leads nowhere is something. */
export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}

function partialName(path: string): string {
  return `${path}.partial-${process.pid}-${randomUUID().slice(0, 8)}`;
}

async function removePartials(path: string, when: (pid: number) => boolean): Promise<void> {
  const prefix = `${basename(path)}.partial-`;
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (name.startsWith(prefix) && when(pid)) await removeTree(join(dirname(path), name));
  }
}

async function removeTree(path: string): Promise<void> {
  const removal = () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  try {
    await removal();
  } catch {
    // Some tools, Go's module cache for one, write-protect the folders they make.
    await makeWritable(path);
    await removal();
  }
}

async function makeWritable(directory: string): Promise<void> {
  if ((await lstat(directory).catch(() => null))?.isDirectory() !== true) return; // what a link leads to is not ours
  await chmod(directory, 0o700).catch(() => undefined);
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await makeWritable(join(directory, entry.name));
  }
}

function isTaken(error: unknown): boolean {
  return ["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "");
}
