import { mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { exists } from "../files.ts";
import { mendAlternates } from "../git/checkout/alternates.ts";
import type { Place } from "./place.ts";

/**
 * Moves the checkout to `kept/` in one step, and returns its new path. It may be gone: moved before, by another worker or before
 * a crash, whose path is returned then; or removed (null).
 */
export async function keepCheckout(home: string, place: Place): Promise<string | null> {
  const before = await keptCheckout(home, place);
  if (!(await exists(place.checkout))) return before;
  const folder = await freeName(folderFor(home, place));
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  try {
    await rename(place.checkout, folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return before;
  }
  // The relative path to the mirror is another one from here.
  await mendAlternates(join(folder, ".git"), home, folder).catch(() => false);
  return folder;
}

/** The path of the first checkout that was kept of an environment. */
export async function keptCheckout(home: string, place: Place): Promise<string | null> {
  const folder = folderFor(home, place);
  return (await exists(folder)) ? folder : null;
}

/** Beside the environments and not among them, so that nothing that removes those comes near it. */
const folderFor = (home: string, { id }: Place): string => join(home, "kept", id);

async function freeName(path: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? path : `${path}-${number}`;
    if (!(await exists(name))) return name;
  }
}
