import { type Checkout, gitDirOf } from "../calls/checkout-git.ts";
import { gitOutput } from "../calls/git.ts";
import { headCommit } from "../checkout/checkout.ts";
import { lfsFilesIn } from "../lfs/pointers.ts";
import { importObjects } from "../lfs/store.ts";
import { importCommits } from "./import-commits.ts";
import type { Mirror } from "./mirror.ts";
import { checkBranchName } from "./remote.ts";

/** The ref of work on a branch that the remote has refused: the branch's next checkout begins from it. */
export const unpushedRef = (branch: string) => `refs/fairlead/unpushed/${branch}`;

/** Keeps what a checkout stands at in the mirror, with its LFS objects. Gives the commit. Repeatable. */
export async function keepUnpushed(
  mirror: Mirror,
  { checkout, branch }: { readonly checkout: Checkout; readonly branch: string },
  signal?: AbortSignal,
): Promise<string> {
  checkBranchName(branch);
  const commit = await headCommit(checkout);
  await importCommits(mirror, checkout, [commit], signal);
  await importObjects(mirror, `${gitDirOf(checkout)}/lfs`, await lfsFilesIn(mirror, commit, ["--remotes"]));
  await gitOutput(["update-ref", unpushedRef(branch), commit], { gitDir: mirror.path });
  return commit;
}
