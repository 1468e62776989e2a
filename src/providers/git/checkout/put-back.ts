import { basename, dirname, join } from "node:path/posix";
import { broken, type Checkout, gitOutputIn } from "../calls/checkout-git.ts";
import { submodulesIn } from "../submodules/in-checkout.ts";

const commandTimeoutMs = 120_000;
const namesAtOnce = 200;

/**
 * Resets a checkout to a commit after a preview has run in it: tracked files are restored, and new files that no .gitignore
 * names are moved to the folder `set-apart/<aside>` beside the checkout. Ignored files stay, such as installed packages and caches. Repeatable.
 */
export async function putBack(
  place: Checkout,
  { branch, commit, aside }: { readonly branch: string; readonly commit: string; readonly aside: string },
): Promise<void> {
  await gitOutputIn(place, ["checkout", "--quiet", "--force", "--ignore-other-worktrees", "-B", branch, commit, "--"]);
  await moveNewFiles(place, asideOf(place, aside));
  await putBackSubmodules(place, asideOf(place, aside));
}

async function putBackSubmodules(place: Checkout, aside: string): Promise<void> {
  for (const submodule of await submodulesIn(place)) {
    await gitOutputIn(submodule, ["checkout", "--quiet", "--force", "--detach", submodule.recorded, "--"]);
    await moveNewFiles(submodule, join(aside, submodule.path));
    await putBackSubmodules(submodule, join(aside, submodule.path));
  }
}

async function moveNewFiles(place: Checkout, aside: string): Promise<void> {
  const byFolder = Map.groupBy(await newFiles(place), (path) => dirname(path));
  for (const [folder, paths] of byFolder) {
    const from = paths.map((path) => join(place.checkout, path));
    await move(place, from, join(aside, folder));
  }
}

/**
 * Moves the files that `putBack` moved away by this name into the checkout again, for the next preview. Files whose place is
 * taken stay where they are.
 */
export async function bringBack(place: Checkout, aside: string): Promise<void> {
  await bringBackFrom(place, asideOf(place, aside), place.checkout);
}

async function bringBackFrom(place: Checkout, aside: string, folder: string): Promise<void> {
  const there = new Set((await namesIn(place, folder)).map((path) => basename(path)));
  const moved = await namesIn(place, aside);
  await move(
    place,
    moved.filter((path) => !there.has(basename(path))),
    folder,
  );
  const folders = new Set(await namesIn(place, aside, ["-type", "d"]));
  for (const path of moved) {
    if (there.has(basename(path)) && folders.has(path)) await bringBackFrom(place, path, join(folder, basename(path)));
  }
}

const asideOf = ({ checkout }: Checkout, name: string): string => join(dirname(checkout), "set-apart", name);

async function newFiles(place: Checkout): Promise<string[]> {
  const args = ["ls-files", "--others", "--exclude-standard", "--directory", "--no-empty-directory", "-z"];
  const output = await gitOutputIn(place, args);
  return output.split("\0").flatMap((path) => (path === "" ? [] : [path.replace(/\/$/, "")]));
}

/** The paths in a folder; empty when there is no such folder. */
async function namesIn(place: Checkout, folder: string, options: readonly string[] = []): Promise<string[]> {
  const listed = await place.run(["find", folder, "-mindepth", "1", "-maxdepth", "1", ...options, "-print0"], {
    timeoutMs: commandTimeoutMs,
  });
  return listed.code === 0 ? listed.stdout.split("\0").filter((path) => path !== "") : [];
}

/** Moves paths into a folder. Existing files there are not overwritten: what has the same name is not moved. */
async function move(place: Checkout, paths: readonly string[], folder: string): Promise<void> {
  if (paths.length === 0) return;
  await place.run(["mkdir", "-p", "--", folder], { timeoutMs: commandTimeoutMs });
  for (let at = 0; at < paths.length; at += namesAtOnce) {
    const some = paths.slice(at, at + namesAtOnce);
    const moved = await place.run(["mv", "-n", "--", ...some, `${folder}/`], { timeoutMs: commandTimeoutMs });
    if (moved.code === null) throw broken("move what its preview had written", moved);
  }
}
