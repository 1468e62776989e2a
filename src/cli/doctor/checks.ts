import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { execa } from "execa";
import { GitMissing } from "../../domain/faults/git.ts";
import { isAtLeast, isRecentGit, versionIn } from "../../domain/versions.ts";

/** What one look has found: `good`, worth knowing (`note`), or in the way (`bad`). */
export interface Finding {
  readonly check: string;
  readonly state: "good" | "note" | "bad";
  readonly found: string;
  /** What to do about it; null when it is good. */
  readonly advice: string | null;
}

export function good(check: string, found: string): Finding {
  return { check, state: "good", found, advice: null };
}

export function note(check: string, found: string, advice: string): Finding {
  return { check, state: "note", found, advice };
}

export function bad(check: string, found: string, advice: string): Finding {
  return { check, state: "bad", found, advice };
}

export function checkNode(version: string = process.versions.node): Finding {
  return isAtLeast(version, [22, 18])
    ? good("node", version)
    : bad("node", version, "Fairlead needs 22.18 or later: run it as `npx fairlead`, which brings its own.");
}

export async function checkGit(): Promise<Finding> {
  const version = versionIn((await versionOf("git")) ?? "");
  if (version !== null && isRecentGit(version)) return good("git", version);
  return bad("git", version ?? "not found", new GitMissing(version).message);
}

const littleBytes = 2 * 1024 ** 3;

export async function checkHome(home: string): Promise<Finding> {
  const folder = await nearestFolder(home);
  const writable = await access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  const advice = "Set FAIRLEAD_HOME to a folder of your own on a disk with room.";
  if (!writable) return bad("data folder", `${home} can't be written`, advice);
  const { bavail, bsize } = await statfs(folder);
  const freeGb = (bavail * bsize) / 1024 ** 3;
  const found = `${home}, ${freeGb.toFixed(1)} GB free`;
  if (bavail * bsize < littleBytes / 20) return bad("data folder", found, advice);
  return bavail * bsize < littleBytes ? note("data folder", found, "Make room soon.") : good("data folder", found);
}

/** What a program answers to `--version`, in one line; null when it isn't there or doesn't answer. */
export async function versionOf(program: string): Promise<string | null> {
  const ran = await execa(program, ["--version"], {
    reject: false,
    timeout: 10_000,
    stdin: "ignore",
    maxBuffer: 10_000,
  });
  return ran.exitCode === 0 ? (ran.stdout.split("\n", 1)[0] ?? "") : null;
}

/** Where the data folder is, or will be made. */
async function nearestFolder(path: string): Promise<string> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  return there || dirname(path) === path ? path : await nearestFolder(dirname(path));
}
