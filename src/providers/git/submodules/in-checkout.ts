import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Checkout, gitDirOf, gitIn, gitOutputIn } from "../calls/checkout-git.ts";
import { commonDirectory } from "../checkout/common-directory.ts";
import { type Declared, parseGitmodules } from "./gitmodules.ts";

/** A submodule that is populated in a checkout. */
export interface SubmoduleCheckout extends Checkout {
  readonly gitDir: string;
  /** Where it is in the repository that has it. */
  readonly path: string;
  /** The commit that the index of that repository names. */
  readonly recorded: string;
  /** As `.gitmodules` has it, which may be relative; null where that says nothing. */
  readonly url: string | null;
}

const timeoutMs = 30_000;

/** The populated submodules of a checkout, also those that an agent has added; without nested ones. */
export async function submodulesIn(checkout: Checkout): Promise<SubmoduleCheckout[]> {
  const common = await checkout.commonDirectory();
  if (common === null) return [];
  const staged = await gitOutputIn(checkout, ["ls-files", "--stage", "-z"]);
  const links = staged.split("\0").flatMap((line) => {
    const [, recorded, path] = /^160000 ([0-9a-f]+) \d\t(.+)$/s.exec(line) ?? [];
    return recorded === undefined || path === undefined ? [] : [{ recorded, path }];
  });
  if (links.length === 0) return [];
  const declared = await declaredIn(checkout);
  const found: SubmoduleCheckout[] = [];
  for (const { path, recorded } of links) {
    const directory = join(checkout.checkout, path);
    const { name = path, url = null } = declared.find((module) => module.path === path) ?? {};
    const candidates = [join(gitDirOf(checkout), "modules", name), join(directory, ".git")];
    const gitDir = await firstFolder(checkout, candidates);
    if (gitDir === null) continue;
    const own = join(common, "submodules", createHash("sha256").update(gitDir).digest("hex").slice(0, 16));
    const open = () => commonDirectory(own, gitDir);
    found.push({ checkout: directory, gitDir, commonDirectory: open, run: checkout.run, path, recorded, url });
  }
  return found;
}

/** What `.gitmodules` says, as it is in the checkout now. */
async function declaredIn(checkout: Checkout): Promise<Declared[]> {
  const file = join(checkout.checkout, ".gitmodules");
  const { stdout } = await gitIn(checkout, ["config", "--no-includes", "--file", file, "-z", "--list"]);
  return parseGitmodules(stdout);
}

async function firstFolder(checkout: Checkout, candidates: readonly string[]): Promise<string | null> {
  for (const folder of candidates) {
    const isFolder = (await checkout.run(["test", "-d", folder, "-a", "!", "-L", folder], { timeoutMs })).code === 0;
    if (isFolder) return folder;
  }
  return null;
}
