import { randomUUID } from "node:crypto";
import { lstat, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { exists } from "../../files.ts";

/**
 * Lets a repository borrow a mirror's objects. Inside one data folder the path is relative, so that it is still valid when the
 * data folder was moved.
 */
export async function writeAlternates(gitDirectory: string, mirror: string): Promise<void> {
  const own = await realpath(join(gitDirectory, "objects"));
  const borrowed = await realpath(join(mirror, "objects"));
  const home = await realpath(resolve(mirror, "../.."));
  const way = isWithin(home, own) && isWithin(home, borrowed) ? relative(own, borrowed) : borrowed;
  const draft = join(own, "info", `alternates.${randomUUID()}`);
  try {
    await writeFile(draft, `${way}\n`);
    await rename(draft, join(own, "info", "alternates"));
  } finally {
    await rm(draft, { force: true });
  }
}

const mirrorName = /^[0-9a-f]{16}\.git$/;

/**
 * Repairs the path by which a repository in the data folder borrows from its mirror, where that is absolute or leads nowhere.
 * True when it was repaired. A path that an agent wrote there, or a `.git` that leads out of `within`, is left as it is.
 */
export async function mendAlternates(gitDirectory: string, home: string, within: string): Promise<boolean> {
  const info = join(gitDirectory, "objects", "info");
  const real = await realpath(info).catch(() => null);
  if (real === null || !isWithin(await realpath(within), real)) return false;
  const text = await readFile(join(real, "alternates"), "utf8").catch(() => "");
  const way = text.trim();
  const name = basename(dirname(way));
  if (!mirrorName.test(name) || (!isAbsolute(way) && (await exists(resolve(real, "..", way))))) return false;
  const mirror = join(home, "mirrors", name);
  if ((await lstat(join(mirror, "objects")).catch(() => null))?.isDirectory() !== true) return false;
  await writeAlternates(gitDirectory, mirror);
  return true;
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
