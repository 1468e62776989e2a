import { createHash, randomUUID } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { copyFile, link, mkdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Mirror } from "../mirror/mirror.ts";
import type { LfsFile } from "./pointers.ts";

const placeOf = (storage: string, oid: string): string =>
  join(storage, "objects", oid.slice(0, 2), oid.slice(2, 4), oid);

/** Whether a repository on this machine has an LFS object. */
export async function isStored(gitDir: string, { oid, bytes }: LfsFile): Promise<boolean> {
  const found = await stat(placeOf(join(gitDir, "lfs"), oid)).catch(() => null);
  return found?.isFile() === true && found.size === bytes;
}

/**
 * Copies LFS objects of the mirror into a checkout. It can't borrow them, because git-lfs does not follow a relative path in
 * `info/alternates`. Objects that the mirror lacks are left out.
 */
export async function giveObjects(mirror: Mirror, gitDir: string, files: readonly LfsFile[]): Promise<void> {
  for (const file of files) {
    if (!(await isStored(mirror.path, file))) continue;
    const [from, to] = [placeOf(join(mirror.path, "lfs"), file.oid), placeOf(join(gitDir, "lfs"), file.oid)];
    await mkdir(dirname(to), { recursive: true });
    // Not a hard link: an agent could write to the shared file.
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}

/** Copies LFS objects of a checkout into the mirror, except those whose content does not match their hash. */
export async function importObjects(mirror: Mirror, storage: string, files: readonly LfsFile[]): Promise<void> {
  for (const file of files) {
    if (await isStored(mirror.path, file)) continue;
    const [from, to] = [placeOf(storage, file.oid), placeOf(join(mirror.path, "lfs"), file.oid)];
    await mkdir(dirname(to), { recursive: true });
    const partial = `${to}.partial-${randomUUID().slice(0, 8)}`;
    try {
      await copyFile(from, partial, constants.COPYFILE_FICLONE);
      if ((await hashOf(partial)) === file.oid) await link(partial, to).catch(unlessThere);
    } catch (error) {
      if (!["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    } finally {
      await rm(partial, { force: true });
    }
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
