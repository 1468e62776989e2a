import { join } from "node:path/posix";
import { broken, type Checkout, gitDirOf, gitOutputIn } from "../calls/checkout-git.ts";
import { submodulesIn } from "../submodules/in-checkout.ts";

/**
 * Keeps what the setup command made out of the change: new files that no .gitignore names are ignored in this checkout
 * and its submodules, and files of the repository that it touched are as they were. Repeatable.
 */
export async function setApart(checkout: Checkout): Promise<void> {
  const made = (await madeBySetup(checkout)).filter((path) => !path.includes("\n"));
  if (made.length > 0) {
    const patterns = made.map((path) => `/${literally(path)}\n`).join("");
    // By `tee`, because an environment has no call that appends to a file.
    const file = join(gitDirOf(checkout), "info/exclude");
    const added = await checkout.run(["tee", "-a", "--", file], { stdin: patterns, timeoutMs: 30_000 });
    if (added.code !== 0) throw broken("ignore what its setup command made", added);
  }
  await gitOutputIn(checkout, ["checkout", "--quiet", "--force", "HEAD", "--", "."]);
  for (const submodule of await submodulesIn(checkout)) await setApart(submodule);
}

/** As files: an agent may write a new one beside them. A folder with very many, such as installed packages, counts as a whole. */
async function madeBySetup(checkout: Checkout): Promise<string[]> {
  const args = ["ls-files", "--others", "--exclude-standard", "-z"];
  const pathsOf = async (...more: string[]) =>
    (await gitOutputIn(checkout, [...args, ...more])).split("\0").filter((path) => path !== "");
  const tops = await pathsOf("--directory", "--no-empty-directory");
  const folders = tops.filter((path) => path.endsWith("/"));
  if (folders.length === 0) return tops;
  const files = await pathsOf();
  const byFolder = Map.groupBy(files, (file) => folders.find((folder) => file.startsWith(folder)) ?? "");
  return tops.flatMap((path) => {
    const inside = byFolder.get(path) ?? [];
    return path.endsWith("/") && inside.length > 0 && inside.length <= filesAtMost ? inside : [path];
  });
}

const filesAtMost = 500;

/** A path as a pattern that matches it alone. */
export function literally(path: string): string {
  return path.replaceAll(/[\\*?[\]!#]/g, "\\$&").replace(/ +$/, (spaces) => "\\ ".repeat(spaces.length));
}
