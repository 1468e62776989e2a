import { readFile, realpath, stat } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { ulid } from "ulid";
import type { DataFolderId } from "../../domain/data-folder.ts";
import { DataFolderGone, DataFolderUnusable } from "../../domain/faults/data-folders.ts";
import { createWhole, makeFolder } from "../files.ts";
import { machineId } from "./machine-id.ts";
import type { DataFolder } from "./port.ts";

const form = /^[0-7][0-9A-HJKMNP-TV-Z]{25}\n?$/;

export function dataFolderAt(path: string, { holdsDatabase = false } = {}): DataFolder {
  const host = hostname();
  let opened: DataFolderId | null = null;

  return {
    path,
    host,
    holdsDatabase,
    id: async () => opened ?? (await readId(path)),
    async open() {
      // One that vanished after it was opened is not made anew: its disk may be mounted again.
      if (opened !== null) await check(path, opened);
      opened ??= await ensureId(path);
      return { id: opened, host, path: await realpath(path), userName: userName(), machine: await machineId() };
    },
    async check() {
      if (opened !== null) await check(path, opened);
    },
    async isAlsoAt(other) {
      try {
        const id = opened ?? (await readId(path));
        if (id === null || (await readId(other)) !== id) return false;
        const [here, there] = await Promise.all([stat(path), stat(other)]);
        return here.dev !== there.dev || here.ino !== there.ino;
      } catch {
        return null;
      }
    },
  };
}

async function check(path: string, id: DataFolderId): Promise<void> {
  if ((await readId(path).catch(() => null)) !== id) throw new DataFolderGone(path);
}

/** Null when there is no such file or folder. */
async function readId(path: string): Promise<DataFolderId | null> {
  let text: string;
  try {
    text = await readFile(join(path, "id"), "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new DataFolderUnusable(path, message, { cause: error });
  }
  if (!form.test(text)) throw new DataFolderUnusable(path, "the file `id` in it has been changed; restore it");
  return text.trim() as DataFolderId;
}

/** Where several processes make the id at once, one wins, and the others read its id. */
async function ensureId(path: string): Promise<DataFolderId> {
  try {
    const known = await readId(path);
    if (known !== null) return known;
    await makeFolder(path);
    await createWhole(join(path, "id"), `${ulid()}\n`);
    const made = await readId(path);
    if (made !== null) return made;
    throw new DataFolderUnusable(path, "the file `id` was removed as soon as it was made");
  } catch (error) {
    if (error instanceof DataFolderUnusable) throw error;
    throw new DataFolderUnusable(path, (error as Error).message, { cause: error });
  }
}

/** A user may have no name, in some containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.geteuid?.() ?? "unknown");
  }
}
