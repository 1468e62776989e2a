import type { EnvironmentId } from "../../domain/ids.ts";
import type { Environment } from "../../providers/environments/port.ts";
import type { Services } from "../services.ts";

/** The environment in which a run's steps work, without a look whether it is there. */
export function runEnvironment({ provider }: Pick<Services, "provider">, id: EnvironmentId): Environment {
  return provider("local").open(id, "");
}
