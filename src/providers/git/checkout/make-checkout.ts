import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { exists, makeWhole, removeWhole } from "../../files.ts";
import { git, gitOutput, transferTimeoutMs } from "../calls/git.ts";
import { installLfsFilter, lfsFilter } from "../calls/lfs-filter.ts";
import type { Reach } from "../hosts.ts";
import { fetchLfs } from "../lfs/transfer.ts";
import { isAncestor, objectFormat } from "../mirror/commits.ts";
import { fetchMirror, mirroredBranches, mirroredRefs } from "../mirror/fetch.ts";
import type { Mirror } from "../mirror/mirror.ts";
import { type TreeFacts, treeFacts } from "../mirror/objects.ts";
import { notePushed } from "../mirror/pushed.ts";
import { checkBranchName, unknownBranch } from "../mirror/remote.ts";
import { unpushedRef } from "../mirror/unpushed.ts";
import { populateSubmodules } from "../submodules/populate.ts";
import { writeAlternates } from "./alternates.ts";
import { nameRemote } from "./name-remote.ts";
import { literally } from "./set-apart.ts";

export interface CheckoutRequest {
  readonly directory: string;
  readonly branch: string;
  readonly targetBranch: string;
  /** Fairlead's data folder, for the mirrors of submodules. */
  readonly home: string;
  /** The hosts on which its submodules and LFS objects may be. */
  readonly reach: Reach;
}

/**
 * Checks a branch out into a folder: from work on it that the remote has refused, else from the remote's branch of that
 * name, else from the target branch. A folder that is there already is left as it is. LFS files and submodules are
 * included, as in a recursive clone. Throws
 * `BranchUnknown`, `RepositoryUnreachable`, `LfsMissing`, `HostNotAllowed`, `SubmoduleMissing`.
 */
export async function makeCheckout(mirror: Mirror, request: CheckoutRequest, signal?: AbortSignal): Promise<void> {
  checkBranchName(request.branch);
  checkBranchName(request.targetBranch);
  const directory = resolve(request.directory);
  if (await isCheckout(directory)) return;
  await fetchMirror(mirror, signal);
  const known = await toFetch(mirror, request);
  // What is there now and can't be read is half-made; what another process made while we fetched is not.
  if (await isCheckout(directory)) return;
  if (await exists(directory)) await removeWhole(directory);
  await mkdir(dirname(directory), { recursive: true });
  await makeWhole(directory, (partial) => checkOut(mirror, { ...request, directory: partial, known }, signal));
}

/** A ref of the mirror, and its name in the checkout. */
type Fetched = readonly [from: string, to: string];

interface Known {
  /** What the mirror has of the two branches, the one to begin from first. */
  readonly refs: readonly [Fetched, ...Fetched[]];
  readonly format: string;
}

async function toFetch(mirror: Mirror, { branch, targetBranch }: CheckoutRequest): Promise<Known> {
  const [ownRef, targetRef] = [`refs/remotes/origin/${branch}`, `refs/remotes/origin/${targetBranch}`];
  const known = await mirroredRefs(mirror, [ownRef, targetRef, unpushedRef(branch)]);
  const [own, unpushed] = [known.get(ownRef), known.get(unpushedRef(branch))];
  // What the checkout begins with may be rewritten in it, and then pushed.
  if (own !== undefined) await notePushed(mirror, branch, own);
  // Work that the remote has refused goes first where it continues what the remote's branch has now.
  const goesOn = unpushed !== undefined && (own === undefined || (await isAncestor(mirror, own, unpushed)));
  const [first, ...others]: Fetched[] = [
    ...(goesOn ? [[unpushedRef(branch), `refs/heads/${branch}`] as const] : []),
    ...(own === undefined ? [] : [sameName(ownRef)]),
    ...(known.has(targetRef) && targetBranch !== branch ? [sameName(targetRef)] : []),
  ];
  if (first !== undefined) return { refs: [first, ...others], format: objectFormat(known.get(first[0]) ?? "") };
  throw unknownBranch(mirror.url, targetBranch, await mirroredBranches(mirror));
}

const sameName = (ref: string): Fetched => [ref, ref];

/**
 * A repository of its own that borrows the mirror's objects. `git worktree` would share more than objects: one agent's
 * stash, branches, hooks and configuration would be every other agent's too, and branches would pile up in the mirror.
 */
async function checkOut(
  mirror: Mirror,
  request: CheckoutRequest & { readonly known: Known },
  signal?: AbortSignal,
): Promise<void> {
  const { directory, branch, home, reach } = request;
  const { refs: known, format } = request.known;
  await gitOutput(["init", "--quiet", "--template=", `--object-format=${format}`, "--", directory]);
  const gitDir = join(directory, ".git");
  await writeAlternates(gitDir, mirror.path);
  await nameRemote(gitDir, mirror);
  await installLfsFilter(gitDir);
  const borrow = ["fetch", "--quiet", "--no-tags", "--update-shallow", "--no-write-fetch-head", mirror.path];
  // Only these: two thousand branches would take longer to write down than three thousand files.
  const refs = known.map(([from, to]) => `+${from}:${to}`);
  const local = { variables: { GIT_ALLOW_PROTOCOL: "file" }, timeoutMs: transferTimeoutMs, signal };
  await gitOutput([...borrow, ...refs, "+refs/tags/*:refs/tags/*"], { gitDir, ...local });
  const [[, start]] = known;
  const commit = await gitOutput(["rev-parse", "--verify", `${start}^{commit}`], { gitDir });
  await mkdir(join(gitDir, "info"), { recursive: true });
  await writeFile(join(gitDir, "info/exclude"), excludes(await treeFacts(mirror, commit)));
  await fetchLfs(mirror, { commit, gitDir }, reach, signal);
  const args = ["checkout", "--quiet", "--no-track", "-B", branch, start, "--"];
  const settings = [...(await lfsFilter(join(gitDir, "lfs"))), `--work-tree=${directory}`];
  await gitOutput(args, { gitDir, settings, cwd: directory, timeoutMs: transferTimeoutMs, signal });
  await populateSubmodules({ home, reach }, { mirror, gitDir, directory, commit }, signal);
}

/**
 * Setup commands and agents install packages in `node_modules`, and a repository without a .gitignore would get them committed.
 * Folders of that name in which the repository itself has committed packages are not ignored.
 */
function excludes({ packages }: TreeFacts): string {
  const kept = packages
    .filter((path) => !path.includes("\n"))
    .slice(0, 1000)
    .map((path) => `!/${literally(path)}/\n!/${literally(path)}/**/node_modules/\n`);
  return `node_modules/\n${kept.join("")}`;
}

async function isCheckout(directory: string): Promise<boolean> {
  const gitDir = join(directory, ".git");
  if (!(await exists(gitDir))) return false;
  return (await git(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], { gitDir })).code === 0;
}
