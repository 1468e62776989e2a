import { CommitUnknown, SubmoduleMissing } from "../../../domain/faults/git.ts";
import { reachable } from "../hosts.ts";
import { needCommit } from "../mirror/commits.ts";
import { type Mirror, openMirror } from "../mirror/mirror.ts";
import type { SubmoduleContext } from "./context.ts";
import type { Submodule } from "./gitmodules.ts";

/** The mirror of a submodule's repository. Throws `HostNotAllowed`, `RepositoryUnreachable`. */
export async function submoduleMirror(
  { home, reach }: SubmoduleContext,
  { path, url }: Pick<Submodule, "path" | "url">,
  signal?: AbortSignal,
): Promise<Mirror> {
  return await openMirror({ home, ...reachable(url, reach, `Its submodule ${path}`) }, signal);
}

/** The same, with the commit that the submodule stands at. Throws `SubmoduleMissing` when its remote lacks that. */
export async function mirrorWith(
  context: SubmoduleContext,
  submodule: Submodule,
  signal?: AbortSignal,
): Promise<Mirror> {
  const mirror = await submoduleMirror(context, submodule, signal);
  try {
    await needCommit(mirror, submodule.commit, signal);
    return mirror;
  } catch (error) {
    if (!(error instanceof CommitUnknown)) throw error;
    throw new SubmoduleMissing(submodule.path, submodule.commit, mirror.address);
  }
}
