import { mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { exists } from "../files.ts";
import { mendAlternates } from "../git/checkout/alternates.ts";
import type { Place } from "./place.ts";

/**
 * Moves the checkout aside in one step, and says where it lies. It may be gone: moved by another worker or by us before a
 * crash, or removed; then it says where it lies since then, or null.
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
  // What it borrows from the mirror is reached from here by another way.
  await mendAlternates(join(folder, ".git"), home, folder).catch(() => false);
  return folder;
}

/** Where the first checkout lies that was taken out of an environment. */
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
