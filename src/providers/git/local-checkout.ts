import { stat } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { NotACheckout } from "../../domain/faults/cli.ts";
import { complaint, git } from "./calls/git.ts";

/** A folder of the user's that is a checkout, or a bare repository, and what it is one of. */
export interface LocalCheckout {
  /** Absolute, the top of it. */
  readonly folder: string;
  /** Where `origin` leads; the folder itself when there is no `origin`. */
  readonly repositoryUrl: string;
}

/** Says which repository a folder, or one above it, is a checkout of. Throws `NotACheckout`. */
export async function localCheckout(path: string): Promise<LocalCheckout> {
  const given = resolve(path);
  const found = await stat(given).catch(() => null);
  if (found === null) throw new NotACheckout(given, "there is no such folder");
  if (!found.isDirectory()) throw new NotACheckout(given, "it is not a folder");
  const folder = await topOf(given);
  const origin = await git(["remote", "get-url", "origin"], { cwd: folder });
  const url = origin.code === 0 ? origin.stdout.trim() : "";
  return { folder, repositoryUrl: url === "" ? folder : addressFrom(folder, url) };
}

async function topOf(folder: string): Promise<string> {
  const top = await git(["rev-parse", "--show-toplevel"], { cwd: folder });
  if (top.code === 0) return top.stdout.replace(/\n$/, "");
  const bare = await git(["rev-parse", "--is-bare-repository", "--absolute-git-dir"], { cwd: folder });
  const [isBare, directory] = bare.stdout.split("\n");
  if (bare.code === 0 && isBare === "true" && directory !== undefined) return directory;
  throw new NotACheckout(folder, complaint(top));
}

/** A relative path means the same to git everywhere only when it is made absolute: git reads it from the checkout. */
function addressFrom(folder: string, url: string): string {
  const beforeSlash = url.split("/", 1)[0] ?? "";
  return isAbsolute(url) || beforeSlash.includes(":") ? url : resolve(folder, url);
}
