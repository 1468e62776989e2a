import { Fault } from "../../../domain/fault.ts";
import { PushIncomplete } from "../../../domain/faults/git.ts";
import { type Checkout, gitDirOf } from "../calls/checkout-git.ts";
import { gitOutput } from "../calls/git.ts";
import { pushLfs } from "../lfs/transfer.ts";
import type { SubmoduleContext } from "../submodules/context.ts";
import { type Submodule, submodulesOf } from "../submodules/gitmodules.ts";
import { submodulesIn } from "../submodules/in-checkout.ts";
import { submoduleMirror } from "../submodules/mirror-with.ts";
import { hasCommit } from "./commits.ts";
import { fetchMirror } from "./fetch.ts";
import type { Mirror } from "./mirror.ts";

/** How a commit of a submodule gets to its own remote, from the checkout of that submodule. */
export type PublishSubmodule = (mirror: Mirror, checkout: Checkout, commit: string) => Promise<unknown>;

/**
 * Makes sure that a commit can be cloned once it is pushed: pushes its LFS objects to their server, and the commits of its
 * submodules to their remotes. Throws `PushIncomplete` with all that is still missing.
 */
export async function complete(
  mirror: Mirror,
  { checkout, commit }: { readonly checkout: Checkout; readonly commit: string },
  context: SubmoduleContext,
  publishSubmodule: PublishSubmodule,
  signal?: AbortSignal,
): Promise<void> {
  const storage = `${gitDirOf(checkout)}/lfs`;
  await pushLfs(mirror, { commit, without: ["--remotes"], storage }, context.reach, signal);
  const links = await linksIn(mirror, commit, ["--remotes"]);
  const missing: string[] = [];
  for (const submodule of await namedBy(mirror, commit, links)) {
    const why = await completeSubmodule(submodule, { checkout, context, publishSubmodule, signal }).catch(
      (error: unknown) => {
        if (error instanceof Fault && error.kind !== "unavailable") return error.message;
        throw error;
      },
    );
    if (why !== null)
      missing.push(`commit ${submodule.commit.slice(0, 12)} of the submodule ${submodule.path} (${why})`);
  }
  if (missing.length > 0) throw new PushIncomplete(missing);
}

interface Completing {
  readonly checkout: Checkout;
  readonly context: SubmoduleContext;
  readonly publishSubmodule: PublishSubmodule;
  readonly signal: AbortSignal | undefined;
}

/** Pushes the submodule's commit if its remote lacks it. Null when the commit is on its remote; else why it is not. */
async function completeSubmodule(
  submodule: Submodule,
  { checkout, context, publishSubmodule, signal }: Completing,
): Promise<string | null> {
  const mirror = await submoduleMirror(context, submodule, signal);
  if ((await isInBranches(mirror, submodule.commit)) || (await isOnRemote(mirror, submodule.commit, signal)))
    return null;
  const inner = (await submodulesIn(checkout)).find(({ path }) => path === submodule.path);
  if (inner === undefined) return "it is neither on its remote nor in the checkout";
  await publishSubmodule(mirror, inner, submodule.commit);
  return null;
}

/** Whether a commit is in the history of a branch of its remote, as that is now. */
export async function isOnRemote(mirror: Mirror, commit: string, signal?: AbortSignal): Promise<boolean> {
  await fetchMirror(mirror, signal);
  return await isInBranches(mirror, commit);
}

async function isInBranches(mirror: Mirror, commit: string): Promise<boolean> {
  if (!(await hasCommit(mirror, commit))) return false;
  const args = ["rev-list", "--count", "--max-count=1", commit, "--not", "--remotes", "--tags", "--"];
  return (await gitOutput(args, { gitDir: mirror.path })) === "0";
}

/** A submodule's path and commit. */
export interface Link {
  readonly path: string;
  readonly commit: string;
}

/** All commits of submodules that a commit and its history name, without commits that are in the history of others (`without`). */
export async function linksIn(mirror: Mirror, commit: string, without: readonly string[]): Promise<Link[]> {
  const args = [
    "log",
    "-m",
    "--raw",
    "--no-abbrev",
    "--no-renames",
    "--format=",
    "-z",
    commit,
    "--not",
    ...without,
    "--",
  ];
  const output = await gitOutput(args, { gitDir: mirror.path });
  const links = [...output.matchAll(/:\d{6} 160000 [0-9a-f]+ ([0-9a-f]+) \w\0([^\0]+)/g)];
  const found = new Map(links.map(([, object = "", path = ""]) => [`${object} ${path}`, { path, commit: object }]));
  return [...found.values()];
}

/** The submodules that these links belong to, each at the link's commit. Links of submodules that were removed are left out. */
export async function namedBy(mirror: Mirror, commit: string, links: readonly Link[]): Promise<Submodule[]> {
  if (links.length === 0) return [];
  const known = await submodulesOf(mirror, commit);
  return links.flatMap((link) => {
    const submodule = known.find(({ path }) => path === link.path);
    return submodule === undefined ? [] : [{ ...submodule, commit: link.commit }];
  });
}
