import { stat } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { NotACheckout, RemoteAmbiguous } from "../../domain/faults/cli.ts";
import { complaint } from "./calls/complaint.ts";
import { type GitOptions, git } from "./calls/git.ts";

/** A folder of the user's that is a checkout or a bare repository, and the repository that its changes go to. */
export interface LocalCheckout {
  /** Absolute, the top of it. */
  readonly folder: string;
  /** The repository that `git push` goes to from there; the folder itself when it is bare or has no remote. */
  readonly repositoryUrl: string;
}

/**
 * The repository that a folder, or one above it, belongs to: the one that its own pushes go to, which for a checkout of a
 * fork is the fork. For a bare repository it is that repository, whatever it was cloned from. Throws `NotACheckout`,
 * `RemoteAmbiguous`.
 */
export async function localCheckout(path: string): Promise<LocalCheckout> {
  const given = resolve(path);
  const found = await stat(given).catch(() => null);
  if (found === null) throw new NotACheckout(given, "there is no such folder");
  if (!found.isDirectory()) throw new NotACheckout(given, "it is not a folder");
  const { folder, isBare } = await topOf(given);
  if (isBare) return { folder, repositoryUrl: folder };
  const remote = await pushRemote(folder);
  if (remote === null) return { folder, repositoryUrl: folder };
  // `remote.pushDefault` may also be an address instead of the name of a remote.
  const isName = (await output(folder, ["remote"])).includes(remote);
  const urls = isName ? await pushUrls(folder, remote) : [remote];
  const [url, other] = urls;
  if (other !== undefined)
    throw new RemoteAmbiguous(folder, `its remote ${remote} pushes to several repositories`, urls);
  return { folder, repositoryUrl: url === undefined || url === "" ? folder : addressFrom(folder, url) };
}

const run = (folder: string, args: readonly string[]) => git(args, { cwd: folder, asUser: true } satisfies GitOptions);

async function output(folder: string, args: readonly string[]): Promise<string[]> {
  const result = await run(folder, args);
  return result.code === 0 ? result.stdout.split("\n").filter((line) => line !== "") : [];
}

/**
 * The remote that pushes go to: `remote.pushDefault`, `origin`, or the only one. The configuration of a single branch does not
 * count, because a workspace does not depend on the branch that is checked out.
 */
async function pushRemote(folder: string): Promise<string | null> {
  const [named] = await output(folder, ["config", "--get", "remote.pushDefault"]);
  if (named !== undefined) return named;
  const remotes = await output(folder, ["remote"]);
  if (remotes.includes("origin")) return "origin";
  if (remotes.length > 1) throw new RemoteAmbiguous(folder, "it has several remotes, none called origin", remotes);
  return remotes[0] ?? null;
}

/** The remote's `pushurl`, else its `url`. A `pushInsteadOf` of the user's is not resolved. */
async function pushUrls(folder: string, remote: string): Promise<string[]> {
  const own = await output(folder, ["config", "--get-all", `remote.${remote}.pushurl`]);
  return own.length > 0 ? own : await output(folder, ["remote", "get-url", remote]);
}

async function topOf(folder: string): Promise<{ folder: string; isBare: boolean }> {
  const top = await run(folder, ["rev-parse", "--show-toplevel"]);
  if (top.code === 0) return { folder: top.stdout.replace(/\n$/, ""), isBare: false };
  const [isBare, directory] = await output(folder, ["rev-parse", "--is-bare-repository", "--absolute-git-dir"]);
  if (isBare === "true" && directory !== undefined) return { folder: directory, isBare: true };
  // In the `.git` of a checkout.
  if (directory !== undefined && resolve(directory, "..") !== folder) return await topOf(resolve(directory, ".."));
  throw new NotACheckout(folder, complaint(top));
}

/** A relative path means the same to git everywhere only when it is made absolute: git reads it from the checkout. */
function addressFrom(folder: string, url: string): string {
  const beforeSlash = url.split("/", 1)[0] ?? "";
  return isAbsolute(url) || beforeSlash.includes(":") ? url : resolve(folder, url);
}
