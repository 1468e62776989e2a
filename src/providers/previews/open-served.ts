import { constants } from "node:fs";
import { type FileHandle, lstat, open, readlink, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { isHidden } from "./hidden-path.ts";

export interface Served {
  readonly file: FileHandle;
  readonly size: number;
  readonly changedAt: Date;
  /** With the ending that was found. */
  readonly name: string;
}

/**
 * Opens what a page's path means in a folder of the current one, which is the checkout: a file of that name, else one
 * with `.html` or `.htm` behind it, else the index of the folder of that name. `null` when there is none.
 */
export async function openServed(folder: string, path: string): Promise<Served | null> {
  // What goes up in a path goes up to the folder at most.
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

/** macOS, which has no /proc, refuses a link anywhere on the way: O_NOFOLLOW_ANY of its <sys/fcntl.h>. */
const noLinks = process.platform === "darwin" ? 0x2000_0000 : constants.O_NOFOLLOW;

/**
 * Opens a regular file that lies in the checkout wherever links on the way to it lead, and in no hidden folder of it.
 * Where the open file lies is looked at once more: a folder on the way may have become a link in between.
 */
async function openFile(path: string): Promise<Omit<Served, "name"> | null> {
  // Opening a device may do something, and opening a pipe would wait: so what lies there is looked at first.
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
  // Without /proc: what the path leads to now has to be the file that is open.
  const real = await realpath(path).catch(() => null);
  if (real === null || !isShown(real, top)) return false;
  const [opened, named] = await Promise.all([file.stat(), stat(real).catch(() => null)]);
  return named !== null && opened.dev === named.dev && opened.ino === named.ino;
}

/** Where the current folder lies now, also when it was moved since; Node itself remembers where it lay at first. */
async function checkout(): Promise<string> {
  return await readlink("/proc/self/cwd").catch(() => realpath("."));
}

/** Whether a path with no links in it lies in the checkout, and no name on the way from there begins with a dot. */
function isShown(real: string, top: string): boolean {
  const way = relative(top, real);
  const isInside = way !== "" && way !== ".." && !way.startsWith(`..${sep}`);
  return isInside && !isHidden(`/${way}`);
}
