import type { Fault } from "../../../domain/fault.ts";
import { LfsMissing, LfsObjectMissing, PushIncomplete } from "../../../domain/faults/git.ts";
import { complaint } from "../calls/complaint.ts";
import { asArguments } from "../calls/fixed-settings.ts";
import { type GitOptions, type GitResult, git, gitOutput, transferTimeoutMs } from "../calls/git.ts";
import { hasLfs } from "../calls/lfs-filter.ts";
import type { Reach } from "../hosts.ts";
import { inScratch } from "../merge/scratch.ts";
import type { Mirror } from "../mirror/mirror.ts";
import { unreachable } from "../mirror/remote.ts";
import { type LfsEndpoint, lfsEndpoint } from "./endpoint.ts";
import { type LfsFile, lfsFilesIn, pointersOf, usesLfs } from "./pointers.ts";
import { giveObjects, importObjects, isStored } from "./store.ts";

/**
 * Fetches the LFS objects of a commit into the mirror, and copies them into a checkout. Throws `LfsMissing`,
 * `LfsObjectMissing`, `HostNotAllowed`, `RepositoryUnreachable`.
 */
export async function fetchLfs(
  mirror: Mirror,
  { commit, gitDir }: { readonly commit: string; readonly gitDir: string },
  reach: Reach,
  signal?: AbortSignal,
): Promise<void> {
  if (!(await usesLfs(mirror, commit))) return;
  if (!(await hasLfs())) throw new LfsMissing();
  const endpoint = await lfsEndpoint(mirror, commit, reach);
  const fetched = await git(["lfs", "fetch", "origin", commit], { gitDir: mirror.path, ...talk(endpoint, signal) });
  const files = await pointersOf(mirror, commit);
  if (fetched.code !== 0) throw await whyNotFetched(mirror, files, endpoint, fetched);
  await giveObjects(mirror, gitDir, files);
}

/** The server may be out of reach, or answer that it lacks some of them. */
async function whyNotFetched(
  mirror: Mirror,
  files: readonly LfsFile[],
  { remote }: LfsEndpoint,
  fetched: GitResult,
): Promise<Fault> {
  const missing: LfsFile[] = [];
  for (const file of files) if (!(await isStored(mirror.path, file))) missing.push(file);
  const named = missing.filter(({ oid }) => fetched.stderr.includes(oid));
  return named.length === 0 ? unreachable(remote.url, fetched) : new LfsObjectMissing(named, complaint(fetched));
}

interface Source {
  readonly commit: string;
  /** Commits and refs whose history is on the remote. */
  readonly without: readonly string[];
}

/**
 * Makes sure that the remote has the LFS objects that a commit adds. `storage` is the checkout's own LFS folder. Throws
 * `LfsMissing`, `HostNotAllowed`, `PushIncomplete`.
 */
export async function pushLfs(
  mirror: Mirror,
  { commit, without, storage }: Source & { readonly storage: string },
  reach: Reach,
  signal?: AbortSignal,
): Promise<void> {
  const files = await lfsFilesIn(mirror, commit, without);
  if (files.length === 0) return;
  if (!(await hasLfs())) throw new LfsMissing();
  await importObjects(mirror, storage, files);
  const endpoint = await lfsEndpoint(mirror, commit, reach);
  const here: LfsFile[] = [];
  for (const file of files) if (await isStored(mirror.path, file)) here.push(file);
  for (let at = 0; at < here.length; at += 100) {
    const oids = here.slice(at, at + 100).map(({ oid }) => oid);
    const args = ["lfs", "push", "--object-id", "origin", ...oids];
    const result = await git(args, { gitDir: mirror.path, ...talk(endpoint, signal) });
    if (result.code !== 0) throw new PushIncomplete([`its LFS objects could not be stored: ${complaint(result)}`]);
  }
  const elsewhere = files.filter((file) => !here.includes(file));
  await proveLfs(mirror, elsewhere, endpoint, signal);
}

/** Throws `PushIncomplete` unless the LFS objects that a commit adds can be fetched from the remote. */
export async function proveLfsOf(
  mirror: Mirror,
  { commit, without }: Source,
  reach: Reach,
  signal?: AbortSignal,
): Promise<void> {
  const files = await lfsFilesIn(mirror, commit, without);
  if (files.length === 0) return;
  if (!(await hasLfs())) throw new LfsMissing();
  await proveLfs(mirror, files, await lfsEndpoint(mirror, commit, reach), signal);
}

const noFilters = { "lfs.fetchinclude": "", "lfs.fetchexclude": "" } as const;

/** Fetches the objects into an empty repository, which proves that others can fetch them. */
async function proveLfs(
  mirror: Mirror,
  files: readonly LfsFile[],
  endpoint: LfsEndpoint,
  signal?: AbortSignal,
): Promise<void> {
  if (files.length === 0) return;
  await inScratch(mirror, async (folder) => {
    const gitDir = `${folder}/proof.git`;
    await gitOutput(["init", "--quiet", "--bare", "--template=", "--", gitDir]);
    const commit = await commitPointers(gitDir, files);
    // All of them: what a repository leaves out of its own fetches goes by paths, which these pointers don't have.
    const unfiltered = { ...endpoint, settings: [...endpoint.settings, ...asArguments(noFilters)] };
    const fetched = await git(["lfs", "fetch", "origin", commit], { gitDir, ...talk(unfiltered, signal) });
    const missing: LfsFile[] = [];
    for (const file of files) if (!(await isStored(gitDir, file))) missing.push(file);
    if (missing.length === 0) return;
    const why = fetched.code === 0 ? "" : ` (${complaint(fetched)})`;
    throw new PushIncomplete(missing.map(({ path, oid }) => `the LFS object ${oid.slice(0, 12)} of ${path}${why}`));
  });
}

/** Makes a commit with pointers to these files alone, because git-lfs fetches by commit. */
async function commitPointers(gitDir: string, files: readonly LfsFile[]): Promise<string> {
  const pointers = files.map(
    ({ oid, bytes }) => `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${bytes}\n`,
  );
  const entries = pointers.map((text, index) => `M 644 inline ${index}\ndata ${text.length}\n${text}\n`);
  const who = "Fairlead <fairlead@localhost> 0 +0000";
  const stdin = `commit refs/heads/proof\ncommitter ${who}\ndata 0\n\n${entries.join("")}`;
  await gitOutput(["fast-import", "--quiet"], { gitDir, stdin });
  return await gitOutput(["rev-parse", "refs/heads/proof"], { gitDir });
}

function talk({ remote, settings }: LfsEndpoint, signal: AbortSignal | undefined): GitOptions {
  return { remote, settings, timeoutMs: transferTimeoutMs, signal };
}
