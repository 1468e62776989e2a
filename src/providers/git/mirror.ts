import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { GitMissing } from "../../domain/faults/git.ts";
import { redact } from "../../domain/redact.ts";
import { isRecentGit, versionIn } from "../../domain/versions.ts";
import { exists, makeWhole, removeWhole, sweepPartials } from "../files.ts";
import { inTurn } from "../turns.ts";
import { writeAlternates } from "./alternates.ts";
import { fetchMirror, fetchOrigin, mirroredBranch, mirroredBranches } from "./fetch.ts";
import { git, gitOutput, transferTimeoutMs } from "./git.ts";
import { checkBranchName, defaultBranchOf, listRemote, unknownBranch } from "./remote.ts";
import { branchSetting } from "./return-to-branch.ts";
import { isLocal, repositoryUrl } from "./url.ts";

/** A bare copy of a remote's branches on this machine, fetched once and kept; `refs/remotes/origin/*` holds them. */
export interface Mirror {
  readonly path: string;
  readonly url: string;
}

export interface MirrorOptions {
  /** Fairlead's data folder; mirrors are kept in `mirrors/` there. */
  readonly home: string;
  readonly url: string;
}

/** Finds the mirror of a remote, or makes it. Throws `RepositoryUnreachable`, `RepositoryEmpty`. */
export async function openMirror({ home, url }: MirrorOptions, signal?: AbortSignal): Promise<Mirror> {
  const name = createHash("sha256").update(repositoryUrl(url)).digest("hex").slice(0, 16);
  const mirror = { path: join(resolve(home), "mirrors", `${name}.git`), url };
  if (await exists(mirror.path)) await sweepPartials(mirror.path);
  else await inTurn(mirror.path, () => makeMirror(mirror, signal));
  return mirror;
}

export interface WorktreeRequest {
  readonly directory: string;
  readonly branch: string;
  readonly targetBranch: string;
}

/**
 * Checks a branch out into a folder, from the remote's branch of that name, else from the target branch. A folder that
 * is there already is left as it is. Throws `BranchUnknown`, `RepositoryUnreachable`.
 */
export async function addWorktree(mirror: Mirror, request: WorktreeRequest, signal?: AbortSignal): Promise<void> {
  checkBranchName(request.branch);
  checkBranchName(request.targetBranch);
  const directory = resolve(request.directory);
  if (await isCheckout(directory)) return;
  await fetchMirror(mirror, signal);
  const known = await knownBranches(mirror, request);
  // What is there now and can't be read is half-made; what another process made while we fetched is not.
  if (await isCheckout(directory)) return;
  if (await exists(directory)) await removeWhole(directory);
  await mkdir(dirname(directory), { recursive: true });
  await makeWhole(directory, (partial) =>
    checkOut(mirror, { directory: partial, branch: request.branch, known }, signal),
  );
}

/** Says where `origin` is. A checkout of the user's own, pushed to, is brought up to date if it is clean. */
async function nameOrigin(repository: string, url: string): Promise<void> {
  const settings: [key: string, value: string][] = [
    ["remote.origin.url", url],
    ["remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"],
  ];
  if (isLocal(url)) {
    settings.push(["remote.origin.receivepack", "git -c receive.denyCurrentBranch=updateInstead receive-pack"]);
  }
  await configure(repository, settings);
}

/** Which of the two branches the remote has, the one to begin from first. */
async function knownBranches(mirror: Mirror, request: WorktreeRequest): Promise<[string, ...string[]]> {
  const own = await mirroredBranch(mirror, request.branch);
  const target = await mirroredBranch(mirror, request.targetBranch);
  if (own !== null) return target === null ? [request.branch] : [request.branch, request.targetBranch];
  if (target !== null) return [request.targetBranch];
  throw unknownBranch(mirror.url, request.targetBranch, await mirroredBranches(mirror));
}

/**
 * A repository of its own that borrows the mirror's objects. `git worktree` would share more than objects: one agent's
 * stash, branches, hooks and configuration would be every other agent's too, and branches would pile up in the mirror.
 */
async function checkOut(
  mirror: Mirror,
  { directory, branch, known }: { directory: string; branch: string; known: readonly [string, ...string[]] },
  signal?: AbortSignal,
): Promise<void> {
  const format = await gitOutput(["rev-parse", "--show-object-format"], { cwd: mirror.path });
  await gitOutput(["init", "--quiet", "--template=", `--object-format=${format}`, "--", directory]);
  await writeAlternates(join(directory, ".git"), mirror.path);
  await mkdir(join(directory, ".git/info"), { recursive: true });
  // A setup command fills this folder, and a repository without a .gitignore would get it committed.
  await writeFile(join(directory, ".git/info/exclude"), "node_modules/\n");
  await nameOrigin(directory, redact(mirror.url));
  await configure(directory, [[branchSetting, branch]]);
  const borrow = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", mirror.path];
  // Only these: two thousand branches would take longer to write down than three thousand files.
  const refs = [...new Set(known)].map((name) => `+refs/remotes/origin/${name}:refs/remotes/origin/${name}`);
  await gitOutput([...borrow, ...refs, "+refs/tags/*:refs/tags/*"], {
    cwd: directory,
    timeoutMs: transferTimeoutMs,
    signal,
  });
  const args = ["checkout", "--quiet", "--no-track", "-B", branch, `refs/remotes/origin/${known[0]}`, "--"];
  await gitOutput(args, { cwd: directory, timeoutMs: transferTimeoutMs, signal });
}

async function isCheckout(directory: string): Promise<boolean> {
  const args = ["--git-dir", join(directory, ".git"), "rev-parse", "--verify", "--quiet", "HEAD^{commit}"];
  return (await git(args)).code === 0;
}

async function makeMirror(mirror: Mirror, signal?: AbortSignal): Promise<void> {
  if (await exists(mirror.path)) return;
  await checkVersion();
  const remote = await listRemote(mirror.url, undefined, signal);
  const branch = defaultBranchOf(mirror.url, remote);
  const format = remote.branches.get(branch)?.length === 64 ? "sha256" : "sha1";
  // Only the owner enters: the remote's address, kept in there, may hold a token.
  await mkdir(resolve(mirror.path, "../.."), { recursive: true });
  await mkdir(resolve(mirror.path, ".."), { recursive: true, mode: 0o700 });
  await makeWhole(mirror.path, async (partial) => {
    const init = ["init", "--quiet", "--bare", "--template=", `--object-format=${format}`, "--initial-branch", branch];
    await gitOutput([...init, "--", partial]);
    await nameOrigin(partial, mirror.url);
    // Checkouts borrow objects from here for as long as they live, so tidying up must never drop one.
    await configure(partial, [
      ["gc.pruneExpire", "never"],
      ["gc.cruftPacks", "true"],
    ]);
    await fetchOrigin({ path: partial, url: mirror.url }, signal);
  });
}

async function configure(repository: string, settings: readonly [key: string, value: string][]): Promise<void> {
  for (const [key, value] of settings) await gitOutput(["config", "--local", key, value], { cwd: repository });
}

async function checkVersion(): Promise<void> {
  const version = versionIn(await gitOutput(["version"]));
  if (version === null || !isRecentGit(version)) throw new GitMissing(version ?? "of an unknown version");
}
