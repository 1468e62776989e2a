import { randomUUID } from "node:crypto";
import { lstat, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { CheckoutBroken } from "../../../domain/faults/git.ts";
import { exists } from "../../files.ts";
import { git } from "../calls/git.ts";

/** The parts of a common directory that an agent may write: objects, refs, reflogs, worktrees, submodules, excludes. */
const shared = ["objects", "refs", "packed-refs", "logs", "worktrees", "modules", "shallow", "info/exclude"];

/**
 * The common directory (GIT_COMMON_DIR) with which our git works in a checkout: its configuration is ours and it has no hooks;
 * the rest are links into the checkout's own `.git`. Made when it is missing. Null where the checkout is a link to a folder of
 * a user's own, or not a repository. Throws `CheckoutBroken` where it became a link since: git would work in another folder.
 */
export async function commonDirectory(folder: string, gitDir: string): Promise<string | null> {
  if (await exists(join(folder, "config"))) {
    if ((await isLink(dirname(gitDir))) || (await isLink(gitDir))) {
      throw new CheckoutBroken("work in the checkout", "it, or its .git, was replaced by a link");
    }
    return folder;
  }
  if (!(await isDirectory(dirname(gitDir))) || !(await isDirectory(gitDir))) return null;
  const partial = `${folder}.partial-${process.pid}-${randomUUID().slice(0, 8)}`;
  await mkdir(join(partial, "info"), { recursive: true, mode: 0o700 });
  for (const name of shared) {
    const target = relative(dirname(join(folder, name)), join(gitDir, name));
    await symlink(target, join(partial, name)).catch(unlessThere);
  }
  await writeFile(join(partial, "config"), configurationFrom(await machineSettings(join(gitDir, "config"))));
  await rename(partial, folder).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error; // another process was faster
    await rm(partial, { recursive: true, force: true });
  });
  return folder;
}

/** What `git init` found out about the file system, and the format of object names. Unexpected values are dropped. */
async function machineSettings(file: string): Promise<Map<string, string>> {
  const keys = "^(core\\.(filemode|ignorecase|precomposeunicode|symlinks)|extensions\\.objectformat)$";
  const { stdout } = await git(["config", "--no-includes", "--file", file, "-z", "--get-regexp", keys]);
  const found = stdout.split("\0").map((entry) => entry.split("\n", 2));
  return new Map(
    found.flatMap(([key, value]) =>
      key !== undefined && value !== undefined && /^(true|false|sha1|sha256)$/.test(value) ? [[key, value]] : [],
    ),
  );
}

function configurationFrom(found: ReadonlyMap<string, string>): string {
  const format = found.get("extensions.objectformat") ?? "sha1";
  const core = [...found]
    .filter(([key]) => key.startsWith("core."))
    .map(([key, value]) => `\t${key.slice(5)} = ${value}\n`);
  const extensions = format === "sha1" ? "" : `[extensions]\n\tobjectformat = ${format}\n`;
  return `[core]\n\trepositoryformatversion = ${format === "sha1" ? 0 : 1}\n\tbare = false\n${core.join("")}${extensions}`;
}

async function isLink(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isSymbolicLink() === true;
}

async function isDirectory(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isDirectory() === true;
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
