import type { Change } from "../../domain/change.ts";
import { DiffNotReady } from "../../domain/faults/requests.ts";
import type { Services } from "../services.ts";

export interface Diff {
  /** As `git apply` reads it; each line is in the encoding of its file. */
  readonly bytes: Uint8Array;
  readonly truncated: boolean;
}

/** What a change adds over its target, as far as it has been pushed, in at most `limitBytes`. Throws `DiffNotReady`. */
export async function diffChange(
  services: Services,
  change: Change,
  { limitBytes, signal }: { readonly limitBytes: number; readonly signal?: AbortSignal },
): Promise<Diff> {
  const { baseCommit, branchName, targetBranch, mergeCommitSha } = change;
  if (baseCommit === null || branchName === null || targetBranch === null) {
    throw new DiffNotReady(change.id, change.status);
  }
  const repository = services.repository(change.repositoryUrl);
  const headCommit = change.headCommit ?? (await repository.branchHead(branchName));
  if (headCommit === null) throw new DiffNotReady(change.id, change.status);
  return await repository.diff(
    { headCommit, baseCommit, targetBranch, mergeCommit: mergeCommitSha, limitBytes },
    signal,
  );
}
