import type { Change } from "../../domain/change.ts";
import { addNotice } from "../../store/notices.ts";
import type { Services } from "../services.ts";
import { repositoryOf } from "../workspaces/repository-of.ts";

/** Adds a notice for each submodule whose remote refuses pushes, before the agent starts: it goes into the agent's prompt. */
export async function noteReadOnlySubmodules(
  services: Services,
  change: Change,
  { targetBranch, signal }: { readonly targetBranch: string; readonly signal: AbortSignal },
): Promise<void> {
  const repository = await repositoryOf(services, change);
  for (const { path, why } of await repository.readOnlySubmodules(targetBranch, signal)) {
    const text = `commits in the submodule ${path} can't be pushed to its repository (${why}): leave it as it is`;
    await addNotice(services.sql, change.id, "submodule_read_only", text);
  }
}
