import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { MergeRefused, PushIncomplete } from "../../../domain/faults/git.ts";
import { complaint } from "../calls/complaint.ts";
import { git, transferTimeoutMs } from "../calls/git.ts";
import { proveLfsOf } from "../lfs/transfer.ts";
import { isOnRemote, linksIn, namedBy } from "../mirror/complete.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { SubmoduleContext } from "../submodules/context.ts";
import { submoduleMirror } from "../submodules/mirror-with.ts";
import { inScratch } from "./scratch.ts";

/**
 * Verifies, before a merge is pushed, that it can be cloned: checks it out beside the mirror, and looks for the LFS objects and
 * the submodule commits that it adds to its target on their remotes. Throws `MergeRefused`, `PushIncomplete`.
 */
export async function proveMerge(
  mirror: Mirror,
  { commit, target, targetBranch }: { readonly commit: string; readonly target: string; readonly targetBranch: string },
  context: SubmoduleContext,
  signal: AbortSignal,
): Promise<void> {
  await checkOutBeside(mirror, commit, targetBranch, signal);
  await proveLfsOf(mirror, { commit, without: [target] }, context.reach, signal);
  const missing: string[] = [];
  for (const submodule of await namedBy(mirror, commit, await linksIn(mirror, commit, [target]))) {
    const inner = await submoduleMirror(context, submodule, signal);
    if (await isOnRemote(inner, submodule.commit, signal)) continue;
    missing.push(`commit ${submodule.commit.slice(0, 12)} of the submodule ${submodule.path}`);
  }
  if (missing.length > 0) throw new PushIncomplete(missing);
}

/** LFS files stay pointers: `proveLfsOf` verifies their content. */
async function checkOutBeside(
  mirror: Mirror,
  commit: string,
  targetBranch: string,
  signal: AbortSignal,
): Promise<void> {
  await inScratch(mirror, async (folder) => {
    const tree = join(folder, "tree");
    await mkdir(tree);
    const result = await git(["read-tree", "--reset", "-u", commit], {
      gitDir: mirror.path,
      cwd: tree,
      settings: ["-c", "core.bare=false", `--work-tree=${tree}`],
      variables: { GIT_INDEX_FILE: join(folder, "index") },
      timeoutMs: transferTimeoutMs,
      signal,
    });
    if (result.code !== 0) throw new MergeRefused(targetBranch, `it can't be checked out: ${complaint(result)}`);
  });
}
