import { joinNextWork } from "../../shared-work.ts";
import { git, gitOutput, transferTimeoutMs } from "../calls/git.ts";
import { pause } from "../calls/pause.ts";
import type { Mirror } from "./mirror.ts";
import { unreachable } from "./remote.ts";

/**
 * Brings the mirror up to date with its remote. Callers share one fetch, and each can leave it by its own signal.
 * Throws `RepositoryUnreachable`.
 */
export async function fetchMirror(mirror: Mirror, signal?: AbortSignal): Promise<void> {
  await joinNextWork(`fetch ${mirror.path}`, signal, (shared) => fetchBranches(mirror, shared));
}

/** The commit a branch of the remote stood at when the mirror was last fetched. */
export async function mirroredBranch(mirror: Mirror, branch: string): Promise<string | null> {
  const ref = `refs/remotes/origin/${branch}^{commit}`;
  const result = await git(["rev-parse", "--verify", "--quiet", "--end-of-options", ref], { gitDir: mirror.path });
  return result.code === 0 ? result.stdout.trim() : null;
}

/** What each of these refs of the mirror points to; those that are not there are left out. */
export async function mirroredRefs(mirror: Mirror, refs: readonly string[]): Promise<Map<string, string>> {
  const args = ["for-each-ref", "--format=%(objectname) %(refname)", "--", ...refs];
  const lines = (await gitOutput(args, { gitDir: mirror.path })).split("\n");
  const found = lines.map((line): [string, string] => [line.slice(line.indexOf(" ") + 1), line.split(" ", 1)[0] ?? ""]);
  // A pattern of `for-each-ref` also matches all refs below it.
  return new Map(found.filter(([ref]) => refs.includes(ref)));
}

/** The names of the branches in the mirror. */
export async function mirroredBranches(mirror: Mirror): Promise<string[]> {
  const format = "--format=%(refname:lstrip=3)";
  const output = await gitOutput(["for-each-ref", format, "refs/remotes/origin/"], { gitDir: mirror.path });
  return output.split("\n").filter((name) => name !== "");
}

/** Fetches all branches, and the tags on them, into a mirror that no other caller in this process is fetching. */
export async function fetchBranches(mirror: Mirror, signal?: AbortSignal): Promise<void> {
  const args = ["fetch", "--quiet", "--prune", "--update-shallow", "--no-write-fetch-head", "--no-recurse-submodules"];
  const refs = "+refs/heads/*:refs/remotes/origin/*";
  const options = { gitDir: mirror.path, remote: mirror, timeoutMs: transferTimeoutMs, signal };
  for (let attempt = 1; ; attempt++) {
    const result = await git([...args, "--end-of-options", mirror.address, refs], options);
    if (result.code === 0) return;
    if (attempt === 10 || !lostARace(result.stderr)) throw unreachable(mirror.url, result);
    await pause(50 * attempt, signal);
  }
}

/** Another process was writing the same ref at that moment. */
function lostARace(stderr: string): boolean {
  return /cannot lock ref|File exists|unable to update local ref|some local refs could not be updated/.test(stderr);
}
