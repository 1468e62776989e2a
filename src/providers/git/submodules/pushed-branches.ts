import { exists } from "../../files.ts";
import { git } from "../calls/git.ts";
import { hasCommit } from "../mirror/commits.ts";
import { deleteBranch } from "../mirror/delete-branch.ts";
import { type Mirror, mirrorOf } from "../mirror/mirror.ts";
import type { SubmoduleContext } from "./context.ts";
import { submodulesOf } from "./gitmodules.ts";
import { submoduleMirror } from "./mirror-with.ts";

/** A branch of a submodule's repository that we have pushed for a change. */
export interface SubmoduleBranch {
  readonly path: string;
  readonly address: string;
  /** Deletes it, unless it has commits that are neither ours nor on another branch. */
  remove(signal?: AbortSignal): Promise<boolean>;
}

/** The branches by that name that were pushed to the repositories of a commit's submodules. */
export async function submoduleBranches(
  mirror: Mirror,
  { branch, commit }: { readonly branch: string; readonly commit: string },
  context: SubmoduleContext,
  signal?: AbortSignal,
): Promise<SubmoduleBranch[]> {
  if (!(await hasCommit(mirror, commit))) return [];
  const found: SubmoduleBranch[] = [];
  for (const { path, url, commit: known } of await submodulesOf(mirror, commit)) {
    if (!(await exists(mirrorOf({ home: context.home, url }).path))) continue; // nothing was ever pushed there
    const inner = await submoduleMirror(context, { path, url }, signal);
    const pushed = await git(["for-each-ref", "--count=1", `refs/fairlead/pushed/${branch}/`], { gitDir: inner.path });
    if (pushed.stdout === "") continue;
    found.push({
      path,
      address: inner.address,
      remove: (ending) => deleteBranch(inner, { branch, known, signal: ending }),
    });
  }
  return found;
}
