import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { mendAlternates } from "../git/checkout/alternates.ts";

/**
 * Repairs the checkouts of a data folder that was moved: each borrows objects from a mirror, and those that were made before
 * 0.4 name the mirror by its absolute path. Returns those that were repaired.
 */
export async function mendCheckouts(home: string): Promise<string[]> {
  const mended: string[] = [];
  for (const folder of await repositoriesIn(home)) {
    // A link leads to a person's own folder, which is not ours to mend.
    if ((await lstat(folder).catch(() => null))?.isDirectory() !== true) continue;
    const gitDirectory = folder.endsWith("/git") ? folder : join(folder, ".git");
    if (await mendAlternates(gitDirectory, home, folder).catch(() => false)) mended.push(folder);
  }
  return mended;
}

async function repositoriesIn(home: string): Promise<string[]> {
  const [environments, kept] = [join(home, "environments"), join(home, "kept")];
  const [living, aside] = await Promise.all([environments, kept].map((folder) => readdir(folder).catch(() => [])));
  return [
    ...(living ?? []).flatMap((id) => ["checkout", "git"].map((name) => join(environments, id, name))),
    ...(aside ?? []).map((id) => join(kept, id)),
  ];
}
