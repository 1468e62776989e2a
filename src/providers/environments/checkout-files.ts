import { constants, type Dirent } from "node:fs";
import { type FileHandle, mkdir, open, readdir, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { FileTooLarge, PathOutsideCheckout } from "../../domain/faults/environments.ts";

const fileLimitBytes = 10 * 1024 * 1024;

/** The text of a file; `null` when there is no such file. Throws `PathOutsideCheckout`, `FileTooLarge`. */
export async function readCheckoutFile(checkout: string, path: string): Promise<string | null> {
  const file = await openInside(checkout, path, constants.O_RDONLY);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    if (size > fileLimitBytes) throw new FileTooLarge(path, fileLimitBytes);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

/** Writes a file with the folders on the way to it. Throws `PathOutsideCheckout`. */
export async function writeCheckoutFile(checkout: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(await inside(checkout, path)), { recursive: true });
  const file = await openInside(checkout, path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
  if (file === null) throw new PathOutsideCheckout(path);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

/** Names in a folder, folders with a `/` behind; empty when there is no such folder. Throws `PathOutsideCheckout`. */
export async function listCheckoutFolder(checkout: string, path: string): Promise<string[]> {
  const folder = await inside(checkout, path);
  const entries: Dirent[] = await readdir(folder, { withFileTypes: true }).catch(absent([]));
  return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
}

/** `null` when there is no file. A pipe or a device is none: reading one could wait for ever. */
async function openInside(checkout: string, path: string, flags: number): Promise<FileHandle | null> {
  const real = await inside(checkout, path);
  const file = await open(real, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o666).catch(absent(null));
  if (file === null || (await file.stat()).isFile()) return file;
  await file.close();
  return null;
}

/** Where a path really leads, with every symbolic link on the way followed. Throws `PathOutsideCheckout`. */
async function inside(checkout: string, path: string): Promise<string> {
  if (path.includes("\0") || isAbsolute(path)) throw new PathOutsideCheckout(path);
  const top = await realpath(checkout).catch(absent(resolve(checkout)));
  const real = await realWay(resolve(top, path));
  const way = relative(top, real);
  if (way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way)) throw new PathOutsideCheckout(path);
  return real;
}

/** The real path of what is there, and the rest as it is named. A link that leads nowhere stays, and isn't followed. */
async function realWay(path: string): Promise<string> {
  const real = await realpath(path).catch(absent(null));
  if (real !== null || path === dirname(path)) return real ?? path;
  return join(await realWay(dirname(path)), path.slice(dirname(path).length));
}

/** What to go on with when there is no such file: also when a file stands in the way, or a link that isn't followed. */
function absent<Value>(value: Value) {
  return (error: NodeJS.ErrnoException): Value => {
    if (["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "EISDIR"].includes(error.code ?? "")) return value;
    throw error;
  };
}
