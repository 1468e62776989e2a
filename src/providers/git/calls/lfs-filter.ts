import { access, appendFile, constants } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { execa } from "execa";
import { asArguments } from "./fixed-settings.ts";

/** The only filter that runs: that of the Git LFS which is installed on this machine. */
const filter = {
  "filter.lfs.clean": "git-lfs clean -- %f",
  "filter.lfs.smudge": "git-lfs smudge -- %f",
  "filter.lfs.process": "git-lfs filter-process",
  "filter.lfs.required": "true",
} as const;

let found: { readonly isThere: Promise<boolean>; readonly askedAt: number } | undefined;
const againMs = 30_000;

/** Whether Git LFS is installed. It may be installed while the server runs, so `false` is cached for half a minute only. */
export async function hasLfs(): Promise<boolean> {
  if (found !== undefined && ((await found.isThere) || performance.now() - found.askedAt < againMs))
    return found.isThere;
  found = {
    isThere: isOnPath("git-lfs").then(async (isThere) => isThere || (await gitHasLfs())),
    askedAt: performance.now(),
  };
  return await found.isThere;
}

/** Asks git, which also looks in a folder of its own: that takes ten times as long. */
async function gitHasLfs(): Promise<boolean> {
  const { exitCode } = await execa("git", ["lfs", "version"], {
    cwd: "/",
    reject: false,
    timeout: 10_000,
    stdin: "ignore",
  });
  return exitCode === 0;
}

async function isOnPath(program: string): Promise<boolean> {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(isAbsolute);
  const found = folders.map((folder) =>
    access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(found)).includes(true);
}

/**
 * Arguments that go before git's command wherever it reads or writes the files of a checkout. LFS keeps its objects in
 * `storage`, an absolute folder.
 */
export async function lfsFilter(storage: string): Promise<string[]> {
  return (await hasLfs()) ? asArguments({ ...filter, "lfs.storage": storage }) : [];
}

/** Configures the filter for an agent's own git in a checkout, as `git lfs install --local` does. */
export async function installLfsFilter(gitDir: string): Promise<void> {
  if (!(await hasLfs())) return;
  const lines = Object.entries(filter).map(([key, value]) => `\t${key.replace("filter.lfs.", "")} = ${value}\n`);
  await appendFile(join(gitDir, "config"), `[filter "lfs"]\n${lines.join("")}`);
}
