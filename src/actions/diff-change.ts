import type { Change } from "../domain/change.ts";
import { DiffNotReady } from "../domain/faults/requests.ts";
import type { Services } from "./services.ts";

const limitBytes = 2 * 1024 * 1024;

/** The unified diff of what a change has pushed so far over where its branch began. */
export async function diffChange(services: Services, change: Change): Promise<{ text: string; truncated: boolean }> {
  const { baseCommit, branchName } = change;
  const repository = services.repository(change.repositoryUrl);
  await repository.fetch();
  const head = change.headCommit ?? (branchName === null ? null : await repository.branchHead(branchName));
  if (baseCommit === null || head === null) throw new DiffNotReady(change.id, change.status);
  return repository.diff(baseCommit, head, limitBytes);
}
