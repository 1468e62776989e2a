import { randomUUID } from "node:crypto";
import { mkdir, readdir, rm, rmdir, stat, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../domain/fault.ts";
import { EnvironmentFailed, EnvironmentGone, FolderMissing } from "../../domain/faults/environments.ts";
import { exists, removeWhole } from "../files.ts";
import { commonDirectory } from "../git/checkout/common-directory.ts";
import { makeCheckout } from "../git/checkout/make-checkout.ts";
import { openMirror } from "../git/mirror/mirror.ts";
import type { Place } from "./place.ts";
import type { EnvironmentRequest } from "./port.ts";
import { identify } from "./process-table.ts";

/** Makes an environment's folders, or finds them made. What a failure leaves half-made is removed again. */
export async function provisionPlace(
  home: string,
  place: Place,
  { request, signal }: { request: EnvironmentRequest; signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted();
  if (await exists(place.closedProcesses)) throw new EnvironmentGone(place.id);
  if (await isPresent(place)) return;
  const token = join(place.root, `${tokenPrefix}${process.pid}-${randomUUID()}`);
  try {
    await make(home, place, { request, signal, token });
  } catch (error) {
    await giveUp(place, token).catch(() => undefined);
    signal.throwIfAborted();
    throw explain(error, home);
  }
}

/** Whether its checkout is there, also when nothing may be started in it any more. */
export async function isPresent(place: Place): Promise<boolean> {
  if (!(await exists(place.checkout))) return false;
  // The folder of its processes is the last to be made.
  return (await exists(place.processes)) || (await exists(place.closedProcesses));
}

/**
 * Lies in the folder while somebody is at work on it. Whoever terminates the environment removes it with the rest, so
 * its maker notices at the end; whoever fails sees by it that another worker, which took over, is still at work.
 */
const tokenPrefix = ".provisioning-";

async function make(
  home: string,
  place: Place,
  { request, signal, token }: { request: EnvironmentRequest; signal: AbortSignal; token: string },
): Promise<void> {
  await mkdir(place.root, { recursive: true });
  await writeFile(token, "");
  if ("folder" in request) {
    await linkFolder(place, request.folder);
  } else {
    const { branch, targetBranch, repositoryUrl: url, hosts } = request;
    const mirror = await openMirror({ home, url }, signal);
    const reach = { url, hosts };
    await makeCheckout(mirror, { directory: place.checkout, branch, targetBranch, home, reach }, signal);
    // Before any other program can write to the checkout.
    await commonDirectory(join(place.root, "git"), join(place.checkout, ".git"));
  }
  await mkdir(place.stateDirectory, { recursive: true, mode: 0o700 });
  signal.throwIfAborted();
  await mkdir(place.processes, { recursive: true, mode: 0o700 });
  await unlink(token).catch((cause) => {
    throw new EnvironmentGone(place.id, { cause });
  });
  if (await exists(place.closedProcesses)) throw new EnvironmentGone(place.id);
}

/** A link is all that is removed of it one day. */
async function linkFolder(place: Place, folder: string | null): Promise<void> {
  if (folder === null) {
    await mkdir(place.checkout, { recursive: true });
    return;
  }
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new FolderMissing(folder);
  await symlink(folder, place.checkout).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error; // made by an earlier try
  });
}

/** Removes what was made so far, unless another worker goes on with it or has finished it. */
async function giveUp(place: Place, token: string): Promise<void> {
  await rm(token, { force: true });
  if (await exists(place.processes)) return;
  const tokens = (await readdir(place.root)).filter((name) => name.startsWith(tokenPrefix));
  for (const other of tokens) {
    if ((await identify(Number.parseInt(other.slice(tokenPrefix.length), 10))) !== null) return;
  }
  await removeWhole(place.checkout);
  for (const left of [...tokens, "state", "git"]) await rm(join(place.root, left), { recursive: true, force: true });
  // Refused when something new is in there by now.
  await rmdir(place.root);
}

/** Says what to do about what the machine refused; what git has already explained stays as it is. */
function explain(error: unknown, home: string): unknown {
  const cause = error as NodeJS.ErrnoException;
  const about = `${cause.code} ${cause.message}`;
  const failed = (what: string) => new EnvironmentFailed(what, { home }, { cause });
  if (/ENOSPC|EDQUOT|No space left|quota exceeded/i.test(about)) {
    return failed(`The disk that holds ${home} is full. Make room there, or set FAIRLEAD_HOME elsewhere, then retry.`);
  }
  if (/EACCES|EPERM|EROFS|ENOTDIR|EEXIST|Permission denied|Read-only/.test(about) && !(error instanceof Fault)) {
    return failed(`${home} can't be written to (${cause.message}). Give this user the right to, or set FAIRLEAD_HOME.`);
  }
  if (error instanceof Fault && error.kind !== "internal") return error;
  return failed(`The environment could not be made: ${cause.message}. Look into ${home}, then retry the change.`);
}
