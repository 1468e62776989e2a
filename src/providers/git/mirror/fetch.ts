import { inTurn } from "../../turns.ts";
import { git, gitOutput, transferTimeoutMs } from "../calls/git.ts";
import { pause } from "../calls/pause.ts";
import type { Mirror } from "./mirror.ts";
import { unreachable } from "./remote.ts";

/** Brings the mirror up to date with its remote. Throws `RepositoryUnreachable`. */
export async function fetchMirror(mirror: Mirror, signal?: AbortSignal): Promise<void> {
  await inTurn(mirror.path, () => fetchOrigin(mirror, signal));
}

/** The commit a branch of the remote stood at when the mirror was last fetched. */
export async function mirroredBranch(mirror: Mirror, branch: string): Promise<string | null> {
  const ref = `refs/remotes/origin/${branch}^{commit}`;
  const result = await git(["rev-parse", "--verify", "--quiet", "--end-of-options", ref], { cwd: mirror.path });
  return result.code === 0 ? result.stdout.trim() : null;
}

/** The names of the branches in the mirror. */
export async function mirroredBranches(mirror: Mirror): Promise<string[]> {
  const format = "--format=%(refname:lstrip=3)";
  const output = await gitOutput(["for-each-ref", format, "refs/remotes/origin/"], { cwd: mirror.path });
  return output.split("\n").filter((name) => name !== "");
}

/** Fetches all branches into a mirror that nobody else in this process is fetching. */
export async function fetchOrigin(mirror: Mirror, signal?: AbortSignal): Promise<void> {
  const args = ["fetch", "--quiet", "--prune", "--no-write-fetch-head", "--no-recurse-submodules", "origin"];
  for (let attempt = 1; ; attempt++) {
    const result = await git(args, { cwd: mirror.path, timeoutMs: transferTimeoutMs, signal });
    if (result.code === 0) return;
    if (attempt === 10 || !lostARace(result.stderr)) throw unreachable(mirror.url, result);
    await pause(50 * attempt, signal);
  }
}

/** Another process was writing the same ref at that moment. */
function lostARace(stderr: string): boolean {
  return /cannot lock ref|File exists|unable to update local ref|some local refs could not be updated/.test(stderr);
}
