import { HostNotAllowed, RepositoryUnreachable } from "../../../domain/faults/git.ts";
import { complaint } from "../calls/complaint.ts";
import { git } from "../calls/git.ts";
import { mirroredBranch } from "../mirror/fetch.ts";
import type { Mirror } from "../mirror/mirror.ts";
import { pushRefusal } from "../mirror/push.ts";
import { listRemote } from "../mirror/remote.ts";
import type { SubmoduleContext } from "./context.ts";
import { submodulesOf } from "./gitmodules.ts";
import { submoduleMirror } from "./mirror-with.ts";

/** A submodule whose remote refuses our pushes. */
export interface ReadOnlySubmodule {
  readonly path: string;
  readonly why: string;
}

/** Finds out by `git push --dry-run` which remotes of a branch's submodules refuse pushes. */
export async function readOnlySubmodules(
  mirror: Mirror,
  branch: string,
  context: SubmoduleContext,
  signal?: AbortSignal,
): Promise<ReadOnlySubmodule[]> {
  const commit = await mirroredBranch(mirror, branch);
  if (commit === null) return [];
  const asked = (await submodulesOf(mirror, commit)).map(async ({ path, url, commit: link }) => {
    try {
      const inner = await submoduleMirror(context, { path, url }, signal);
      const why = await whyRefused(inner, link, signal);
      return why === null ? [] : [{ path, why }];
    } catch (error) {
      if (error instanceof HostNotAllowed) return [{ path, why: error.message }];
      // That may pass; a push that fails then says so.
      if (error instanceof RepositoryUnreachable) return [];
      throw error;
    }
  });
  return (await Promise.all(asked)).flat();
}

async function whyRefused(mirror: Mirror, commit: string, signal?: AbortSignal): Promise<string | null> {
  const ref = `refs/heads/fairlead-probe-${commit.slice(0, 8)}`;
  const args = [
    "push",
    "--dry-run",
    "--porcelain",
    "--no-verify",
    "--end-of-options",
    mirror.address,
    `${commit}:${ref}`,
  ];
  const result = await git(args, { gitDir: mirror.path, remote: mirror, timeoutMs: 30_000, signal });
  if (result.code === 0) return null;
  const refusal = pushRefusal(result);
  if (refusal !== null) return refusal.reason;
  await listRemote(mirror, undefined, signal); // a remote that can be read, and asks for a login only for a push
  return complaint(result);
}
