import { mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { exists } from "../files.ts";
import type { Place } from "./place.ts";

/** Moves the checkout aside in one step. It may be gone: moved by another worker or by us before a crash, or removed. */
export async function keepCheckout(home: string, place: Place): Promise<void> {
  const folder = folderFor(home, place);
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  await rename(place.checkout, folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

export async function keptCheckout(home: string, place: Place): Promise<string | null> {
  const folder = folderFor(home, place);
  return (await exists(folder)) ? folder : null;
}

/** Beside the environments and not among them, so that nothing that removes those comes near it. */
const folderFor = (home: string, { id }: Place): string => join(home, "kept", id);
