import type { Blueprint } from "../../domain/blueprints/blueprint.ts";
import type { Change } from "../../domain/change.ts";
import { EnvironmentLost } from "../../domain/faults/environments.ts";
import type { Environment } from "../../providers/environments/port.ts";
import { findEnvironment } from "../../store/environments.ts";
import { isHere } from "../data-folder/is-here.ts";
import type { Services } from "../services.ts";

/** What a change has from the time its environment is ready. */
export interface Workplace {
  readonly environment: Environment;
  /** The first of the ports that are its own. */
  readonly firstPort: number;
  readonly branchName: string;
  readonly targetBranch: string;
  readonly baseCommit: string;
  readonly blueprint: Blueprint;
}

/** Opens the environment that a change was given. Throws `EnvironmentLost` when it has vanished. */
export async function openEnvironment(services: Services, change: Change): Promise<Workplace> {
  const { environmentId, branchName, targetBranch, baseCommit, blueprint } = change;
  const row = environmentId === null ? null : await findEnvironment(services.sql, environmentId);
  if (
    row === null ||
    row.firstPort === null ||
    branchName === null ||
    targetBranch === null ||
    baseCommit === null ||
    blueprint === null
  ) {
    throw new Error(`change ${change.id} is ${change.status} but was never provisioned`);
  }
  if (!(await isHere(services, row))) throw new EnvironmentLost("its environment lies in another data folder");
  const environment = services.provider(row.provider).open(row.id, change.repositoryUrl);
  if (!(await environment.present())) throw new EnvironmentLost("its environment has vanished");
  return { environment, firstPort: row.firstPort, branchName, targetBranch, baseCommit, blueprint };
}
