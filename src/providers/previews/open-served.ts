import { constants } from "node:fs";
import { type FileHandle, lstat, open, readlink, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { isHidden } from "./hidden-path.ts";

export interface Served {
  readonly file: FileHandle;
  readonly size: number;
  readonly changedAt: Date;
  /** The path that was found, with its extension. */
  readonly name: string;
}

/**
 * Opens the file for a URL's path, in a folder of the current directory, which is the checkout: the first of `path`, `path/index`
 * and both with `.html` or `.htm` that exists. `null` when there is none.
 */
export async function openServed(folder: string, path: string): Promise<Served | null> {
  // `join` with a leading slash keeps `..` from leaving the folder.
  const name = join("/", path).replace(/\/$/, "");
  for (const ending of ["", ".html", ".htm"]) {
    for (const candidate of [`${name}${ending}`, `${name}/index${ending}`]) {
      if (candidate === "") continue;
      const served = await openFile(join(folder, candidate));
      if (served !== null) return { ...served, name: candidate };
    }
  }
  return null;
}

/** On macOS, which has no /proc, O_NOFOLLOW_ANY of <sys/fcntl.h>: it refuses a link anywhere in the path. */
const noLinks = process.platform === "darwin" ? 0x2000_0000 : constants.O_NOFOLLOW;

/**
 * Opens a regular file if it is in the checkout, and in no hidden folder of it, after all links have been followed. Checks again
 * after opening, because a folder in the path may have become a link in between.
 */
async function openFile(path: string): Promise<Omit<Served, "name"> | null> {
  // Checked before it is opened, because opening a device can have effects, and opening a pipe blocks.
  const real = await realpath(path).catch(() => null);
  if (real === null || !isShown(real, await checkout())) return null;
  if ((await lstat(real).catch(() => null))?.isFile() !== true) return null;
  const file = await open(real, constants.O_RDONLY | noLinks | constants.O_NONBLOCK).catch(() => null);
  if (file === null) return null;
  const found = await file.stat();
  if (found.isFile() && (await liesInside(file, path))) return { file, size: found.size, changedAt: found.mtime };
  await file.close();
  return null;
}

async function liesInside(file: FileHandle, path: string): Promise<boolean> {
  const top = await checkout();
  const linked = await readlink(`/proc/self/fd/${file.fd}`).catch(() => null);
  if (linked !== null) return isShown(linked, top);
  // Without /proc: the path has to lead to the open file still.
  const real = await realpath(path).catch(() => null);
  if (real === null || !isShown(real, top)) return false;
  const [opened, named] = await Promise.all([file.stat(), stat(real).catch(() => null)]);
  return named !== null && opened.dev === named.dev && opened.ino === named.ino;
}

/** The present path of the current directory, which may have been moved: process.cwd() caches the first one. */
async function checkout(): Promise<string> {
  return await readlink("/proc/self/cwd").catch(() => realpath("."));
}

/** Whether a path with no links in it lies in the checkout, and no name on the way from there begins with a dot. */
function isShown(real: string, top: string): boolean {
  const way = relative(top, real);
  const isInside = way !== "" && way !== ".." && !way.startsWith(`..${sep}`);
  return isInside && !isHidden(`/${way}`);
}
