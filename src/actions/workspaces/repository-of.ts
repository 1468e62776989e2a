import type { Change } from "../../domain/change.ts";
import type { Repository } from "../../providers/git/port.ts";
import { findWorkspace } from "../../store/workspaces.ts";
import type { Services } from "../services.ts";

/** The repository of a change. Its submodules and LFS objects may be on the hosts that its workspace allows. */
export async function repositoryOf(
  { sql, repository }: Pick<Services, "sql" | "repository">,
  { workspace, repositoryUrl }: Pick<Change, "workspace" | "repositoryUrl">,
): Promise<Repository> {
  const row = await findWorkspace(sql, workspace);
  return repository(repositoryUrl, row?.hosts ?? []);
}
