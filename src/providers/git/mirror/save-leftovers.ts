import { createHash } from "node:crypto";
import { BranchMovedOn, CheckoutBroken, HostNotAllowed } from "../../../domain/faults/git.ts";
import { isForGood } from "../../../domain/faults/pushes.ts";
import { type Checkout, gitDirOf } from "../calls/checkout-git.ts";
import { complaint } from "../calls/complaint.ts";
import { gitBytes, gitOutput } from "../calls/git.ts";
import { type AnnotatedTag, asPart, tagsMade, tipsOf } from "../checkout/leftovers.ts";
import { looseEnds, packObjects } from "../checkout/own-objects.ts";
import { type Unlinked, unlinkedIn } from "../checkout/unlinked.ts";
import { commitWorktrees } from "../checkout/worktrees.ts";
import { lfsFilesIn } from "../lfs/pointers.ts";
import { importObjects } from "../lfs/store.ts";
import type { LeftoverRequest, Leftovers, SavedTip } from "../port.ts";
import type { SubmoduleContext } from "../submodules/context.ts";
import { resolveUrl } from "../submodules/gitmodules.ts";
import { type SubmoduleCheckout, submodulesIn } from "../submodules/in-checkout.ts";
import { submoduleMirror } from "../submodules/mirror-with.ts";
import { fetchMirror } from "./fetch.ts";
import { importCommits } from "./import-commits.ts";
import type { Mirror } from "./mirror.ts";
import { type Publication, publish } from "./publish.ts";

/** Further ones are kept only in the mirror, so that the remote is not flooded with branches. */
const pushedAtMost = 20;

/**
 * Saves the commits of a checkout that are not on the remote: stashes, other branches, detached heads, commits that only the
 * reflog has; and those of its submodules, to their own remotes. All are kept in the mirror, under
 * `refs/fairlead/saved/<key>/`; those that were not replaced by an amend or a rebase are pushed as well, under `<prefix>/`.
 * Repeatable. Throws `CheckoutBroken` where that is impossible, so that the checkout is kept as it is.
 */
export async function saveLeftovers(
  mirror: Mirror,
  checkout: Checkout,
  request: LeftoverRequest,
  context: SubmoduleContext,
  signal?: AbortSignal,
): Promise<Leftovers> {
  const found: Leftovers[] = [];
  const submodules = await submodulesIn(checkout);
  for (const submodule of submodules) {
    found.push(await saveInSubmodule(mirror, submodule, request, context, signal));
  }
  const linked = submodules.map(({ gitDir }) => gitDir);
  for (const repository of await unlinkedIn(checkout, linked)) {
    found.push(await saveUnlinked(mirror, repository, request, context, signal));
  }
  await commitWorktrees(checkout);
  found.push({
    saved: await saveTips(mirror, { checkout, isUnlinked: false }, request, context, signal),
    objects: await keepObjects(mirror, checkout, request.base),
  });
  return { saved: found.flatMap(({ saved }) => saved), objects: found.flatMap(({ objects }) => objects) };
}

async function saveInSubmodule(
  mirror: Mirror,
  submodule: SubmoduleCheckout,
  request: LeftoverRequest,
  context: SubmoduleContext,
  signal?: AbortSignal,
): Promise<Leftovers> {
  const { path, url } = submodule;
  try {
    if (url === null) throw new CheckoutBroken("save a submodule", `.gitmodules does not say where ${path} is`);
    const inner = await submoduleMirror(context, { path, url: resolveUrl(url, mirror.url) }, signal);
    const found = await saveLeftovers(inner, submodule, { ...request, base: null }, context, signal);
    return {
      ...found,
      saved: found.saved.map((tip) => ({
        ...tip,
        submodule: [`the submodule ${path}`, tip.submodule].filter(Boolean).join(", "),
      })),
    };
  } catch (error) {
    if (!(error instanceof CheckoutBroken) && !(error instanceof HostNotAllowed)) throw error;
    const tips = await tipsOf(submodule, { commits: [submodule.recorded], remote: null });
    // Nothing would be lost.
    if (tips.length + (await tagsMade(submodule)).length === 0) return { saved: [], objects: [] };
    throw new CheckoutBroken("save a submodule", error.message);
  }
}

/** In the mirror alone: no remote is known to be its own. */
async function saveUnlinked(
  mirror: Mirror,
  repository: Unlinked,
  request: LeftoverRequest,
  context: SubmoduleContext,
  signal?: AbortSignal,
): Promise<Leftovers> {
  const id = createHash("sha256").update(repository.gitDir).digest("hex").slice(0, 6);
  const own = { ...request, base: null, prefix: null, key: `${request.key}-${id}` };
  const saved = await saveTips(mirror, { checkout: repository, isUnlinked: true }, own, context, signal);
  return { saved: saved.map((tip) => ({ ...tip, submodule: repository.what, key: own.key })), objects: [] };
}

async function saveTips(
  mirror: Mirror,
  { checkout, isUnlinked }: { readonly checkout: Checkout; readonly isUnlinked: boolean },
  { base, branch, key, prefix }: LeftoverRequest,
  context: SubmoduleContext,
  signal?: AbortSignal,
): Promise<SavedTip[]> {
  const remote = await remoteRefs(mirror);
  const pushed = remote.get(`refs/remotes/origin/${branch}`);
  const commits = [base, pushed].filter((commit) => commit != null);
  const branches = [...remote].flatMap(([ref, commit]) => (ref.startsWith("refs/remotes/") ? [commit] : []));
  const tips = await tipsOf(checkout, { commits, remote: isUnlinked ? null : branches });
  const tags = (await tagsMade(checkout)).filter(({ name, object }) => remote.get(`refs/tags/${name}`) !== object);
  if (tips.length + tags.length === 0) return [];
  await fetchMirror(mirror, signal);
  const objects = [...tips.map(({ commit }) => commit), ...tags.map(({ object }) => object)];
  await importCommits(mirror, checkout, objects, signal);
  const saved = await saveTags(mirror, tags, key);
  for (const { commit, subject, name, isSuperseded } of tips) {
    if (await isOnRemote(mirror, commit, prefix)) continue;
    await gitOutput(["update-ref", `refs/fairlead/saved/${key}/${name}`, commit], { gitDir: mirror.path });
    await importObjects(mirror, `${gitDirOf(checkout)}/lfs`, await lfsFilesIn(mirror, commit, ["--remotes"]));
    if (isSuperseded) continue;
    const isPushed = prefix !== null && saved.filter(({ branch }) => branch !== null).length < pushedAtMost;
    const tip = { checkout, commit, branch: `${prefix}/${name}` };
    const branch = isPushed ? await pushTip(mirror, tip, context, signal) : null;
    saved.push({ commit, subject, name, branch, tag: null, submodule: null, mirrorPath: mirror.path, key });
  }
  return saved;
}

/** In the mirror alone, because a tag on the remote may start a release. */
async function saveTags(mirror: Mirror, tags: readonly AnnotatedTag[], key: string): Promise<SavedTip[]> {
  const remote = await remoteRefs(mirror);
  const saved = tags
    .filter(({ name, object }) => remote.get(`refs/tags/${name}`) !== object)
    .map(({ name: tag, object: commit, subject }) => {
      const name = `tag-${asPart(tag)}-${commit.slice(0, 8)}`;
      return { commit, subject, name, branch: null, tag, submodule: null, mirrorPath: mirror.path, key };
    });
  if (saved.length === 0) return [];
  const stdin = saved.map(({ name, commit }) => `update refs/fairlead/saved/${key}/${name} ${commit}\n`).join("");
  await gitOutput(["update-ref", "--stdin"], { gitDir: mirror.path, stdin });
  return saved.slice(0, pushedAtMost);
}

/** The remote's branches and tags as last fetched, by their refs in the mirror. */
async function remoteRefs(mirror: Mirror): Promise<Map<string, string>> {
  const args = ["for-each-ref", "--format=%(objectname) %(refname)", "refs/remotes/origin/", "refs/tags/"];
  const lines = (await gitOutput(args, { gitDir: mirror.path })).split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => [line.slice(line.indexOf(" ") + 1), line.slice(0, line.indexOf(" "))]));
}

/**
 * Whether a branch or a tag of the remote has it, or the mirror keeps it as unpushed work. The branches under `prefix`
 * don't count: so a retry gives the same result.
 */
async function isOnRemote(mirror: Mirror, commit: string, prefix: string | null): Promise<boolean> {
  const own = prefix === null ? [] : [`--exclude=origin/${prefix}/*`];
  const range = [commit, "--not", ...own, "--remotes", "--tags", "--glob=refs/fairlead/unpushed/*"];
  const count = await gitOutput(["rev-list", "--count", "--max-count=1", ...range, "--"], { gitDir: mirror.path });
  return count === "0";
}

/** The branch that it was pushed to; null when the remote refuses the branch, or what it needs can't be pushed. */
async function pushTip(
  mirror: Mirror,
  tip: Publication & { readonly commit: string },
  context: SubmoduleContext,
  signal?: AbortSignal,
): Promise<string | null> {
  try {
    await publish(mirror, tip, context, signal);
    return tip.branch;
  } catch (error) {
    if (isForGood(error) || error instanceof BranchMovedOn) return null;
    throw error;
  }
}

/** The mirror keeps objects forever, and an agent may have staged a folder of installed packages by mistake. */
const keptAtMostBytes = 64 * 1024 * 1024;

/** Keeps files that were staged and never committed. Gives the names of their objects. */
async function keepObjects(mirror: Mirror, checkout: Checkout, base: string | null): Promise<string[]> {
  const commonDirectory = await checkout.commonDirectory();
  if (commonDirectory === null) return [];
  const repository = { gitDir: gitDirOf(checkout), commonDirectory };
  const loose = await looseEnds(repository, { mirror, base });
  const bytes = loose.reduce((sum, object) => sum + object.bytes, 0);
  if (loose.length === 0) return [];
  if (bytes > keptAtMostBytes) {
    const size = `${Math.round(bytes / 1024 / 1024)} MiB were staged and never committed`;
    throw new CheckoutBroken("save all that is in it", `${size}, too much for the mirror`);
  }
  const pack = await packObjects(repository, loose);
  const stored = await gitBytes(["index-pack", "--stdin", "--fix-thin"], { gitDir: mirror.path, stdin: pack });
  if (stored.code !== 0) throw new CheckoutBroken("save what was staged and never committed", complaint(stored));
  return loose.flatMap(({ name, type }) => (type === "blob" ? [name] : []));
}
