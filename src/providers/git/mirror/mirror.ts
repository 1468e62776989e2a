import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { GitMissing } from "../../../domain/faults/git.ts";
import { isRecentGit, versionIn } from "../../../domain/versions.ts";
import { exists, makeWhole, sweepPartials } from "../../files.ts";
import { joinWork } from "../../shared-work.ts";
import { addressOf } from "../calls/credentials.ts";
import { gitOutput } from "../calls/git.ts";
import type { Remote } from "../calls/remotes.ts";
import { addSettings } from "../checkout/add-settings.ts";
import { repositoryUrl } from "../url.ts";
import { objectFormat } from "./commits.ts";
import { fetchBranches } from "./fetch.ts";
import { defaultBranchOf, listRemote } from "./remote.ts";

/** A bare copy of a remote's branches on this machine, fetched once and kept; `refs/remotes/origin/*` holds them. */
export interface Mirror extends Remote {
  /** The bare repository. Its configuration is ours. */
  readonly path: string;
  /** The remote's address as it stands in arguments: without credentials. */
  readonly address: string;
}

export interface MirrorOptions extends Remote {
  /** Fairlead's data folder; mirrors are kept in `mirrors/` there. */
  readonly home: string;
}

/** Finds the mirror of a remote, or makes it. Throws `RepositoryUnreachable`, `RepositoryEmpty`. */
export async function openMirror({ home, ...remote }: MirrorOptions, signal?: AbortSignal): Promise<Mirror> {
  const mirror = mirrorOf({ home, ...remote });
  if (await exists(mirror.path)) await sweepPartials(mirror.path);
  else await joinWork(`mirror ${mirror.path}`, signal, (shared) => makeMirror(mirror, shared));
  return mirror;
}

/** Where the mirror of a remote is, whether it has been made or not. */
export function mirrorOf({ home, ...remote }: MirrorOptions): Mirror {
  const address = addressOf(repositoryUrl(remote.url)).url;
  // By the address alone: what is noted in a mirror counts also after its login has changed.
  const name = createHash("sha256").update(address).digest("hex").slice(0, 16);
  return { ...remote, path: join(resolve(home), "mirrors", `${name}.git`), address };
}

async function makeMirror(mirror: Mirror, signal: AbortSignal): Promise<void> {
  if (await exists(mirror.path)) return;
  await checkVersion();
  const remote = await listRemote(mirror, undefined, signal);
  const branch = defaultBranchOf(mirror.url, remote);
  const format = objectFormat(remote.branches.get(branch) ?? "");
  // Only the owner enters: mirrors of private repositories are in here.
  await mkdir(resolve(mirror.path, "../.."), { recursive: true });
  await mkdir(resolve(mirror.path, ".."), { recursive: true, mode: 0o700 });
  await makeWhole(mirror.path, async (partial) => {
    const init = ["init", "--quiet", "--bare", "--template=", `--object-format=${format}`, "--initial-branch", branch];
    await gitOutput([...init, "--", partial]);
    // Checkouts borrow objects from here for as long as they live, so tidying up must never drop one.
    await addSettings(partial, ["gc"], { pruneExpire: "never", cruftPacks: "true" });
    await fetchBranches({ ...mirror, path: partial }, signal);
  });
}

async function checkVersion(): Promise<void> {
  const version = versionIn(await gitOutput(["version"]));
  if (version === null || !isRecentGit(version)) throw new GitMissing(version ?? "of an unknown version");
}
