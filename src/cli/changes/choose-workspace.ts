import { basename } from "node:path";
import type { Services } from "../../actions/services.ts";
import { workspaceFor } from "../../actions/workspaces/register-workspace.ts";
import { NotACheckout, RemoteAmbiguous, WorkspaceNotChosen } from "../../domain/faults/cli.ts";
import type { WorkspaceName } from "../../domain/ids.ts";
import type { Workspace } from "../../domain/workspace.ts";
import { listWorkspaces, workspaceOfRepository } from "../../store/workspaces.ts";
import { workspaceName } from "../../wire/ids.ts";
import type { Cli } from "../cli.ts";
import { parseGiven } from "../parse-given.ts";

export interface Choice {
  readonly workspace?: string | undefined;
  /** A folder of a checkout, registered when it isn't yet. */
  readonly repo?: string | undefined;
  readonly agent?: string | undefined;
}

/** Which workspace is meant: the named one, that of a checkout, that of the folder we are in, or the only one. */
export async function chooseWorkspace(
  cli: Pick<Cli, "checkout">,
  services: Services,
  { workspace, repo, agent = "claude" }: Choice,
): Promise<{ name: WorkspaceName; registered: Workspace | null }> {
  if (workspace !== undefined) return { name: parseGiven(workspaceName, workspace), registered: null };
  if (repo !== undefined) {
    const { folder, repositoryUrl } = await cli.checkout(repo);
    const found = await workspaceFor(services, repositoryUrl, { names: namesFor(folder), agent });
    return { name: found.workspace.name, registered: found.registered ? found.workspace : null };
  }
  const here = await workspaceHere(cli, services);
  if (here !== null) return { name: here, registered: null };
  const [only, ...others] = await listWorkspaces(services.sql, 20);
  if (only !== undefined && others.length === 0) return { name: only.name, registered: null };
  throw new WorkspaceNotChosen([only, ...others].flatMap((one) => one?.name ?? []));
}

async function workspaceHere(cli: Pick<Cli, "checkout">, { sql }: Services): Promise<WorkspaceName | null> {
  try {
    const { repositoryUrl } = await cli.checkout(process.cwd());
    return (await workspaceOfRepository(sql, repositoryUrl))?.name ?? null;
  } catch (error) {
    if (error instanceof NotACheckout || error instanceof RemoteAmbiguous) return null;
    throw error;
  }
}

/** A folder's name made into one that a workspace may have, and what to fall back on where that is taken. */
function namesFor(folder: string): [WorkspaceName, ...WorkspaceName[]] {
  const ascii = basename(folder, ".git").normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const name = ascii
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, 58)
    .replace(/-$/, "");
  const first = workspaceName.parse(name || "repository");
  return [first, ...Array.from({ length: 99 }, (_, index) => workspaceName.parse(`${first}-${index + 2}`))];
}
