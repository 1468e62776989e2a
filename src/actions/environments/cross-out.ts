import type { EnvironmentRow } from "../../domain/environment.ts";
import type { Resource } from "../../domain/resource.ts";
import type { Remains } from "../../providers/environments/port.ts";
import { noteGone, resourcesLeft } from "../../store/resources.ts";
import type { Services } from "../services.ts";

/** Looks which of an environment's resources are gone, crosses those out, and returns what is still there. */
export async function crossOut({ sql, provider }: Services, row: EnvironmentRow): Promise<Resource[]> {
  const recorded = await resourcesLeft(sql, row.id);
  const remains = await provider(row.provider).remains(row.id);
  const looks = recorded.map((resource) => ({ resource, gone: isGone(resource, remains) }));
  const gone = looks.filter((look) => look.gone).map(({ resource }) => resource);
  if (gone.length > 0) await noteGone(sql, row.id, gone);
  return looks.filter((look) => !look.gone).map(({ resource }) => resource);
}

function isGone({ kind }: Resource, { folder, processes }: Remains): boolean {
  switch (kind) {
    case "environment":
    case "worktree":
      return !folder;
    case "process": // names can't be told apart once the folder is gone: none is, while any of them lives
    case "port": // with the last process its sockets are closed; who listens there now is somebody else
      return processes.length === 0;
    case "branch":
      return false; // its change's, and looked for on the remote when that is merged or rejected
  }
}
