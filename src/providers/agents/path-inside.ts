import { lstat, realpath } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";

/** The absolute path of a file in a folder, whether it is there or not. Refuses what symbolic links lead out of it. */
export async function pathInside(folder: string, path: string): Promise<string> {
  const root = await realpath(folder);
  const full = resolve(root, path);
  const real = await realpath(await nearestThere(full)).catch(() => null);
  if (full === root || real === null || !`${real}${sep}`.startsWith(`${root}${sep}`)) {
    throw new Error(`${path} leads out of the checkout`);
  }
  return full;
}

/** The path itself or the folder nearest above it that exists; a link that leads nowhere exists too. */
async function nearestThere(path: string): Promise<string> {
  const there = await lstat(path).catch(() => null);
  return there === null && dirname(path) !== path ? nearestThere(dirname(path)) : path;
}
