import type { EnvironmentId } from "../../domain/ids.ts";
import { strayEnvironments } from "../../store/environments.ts";
import type { Services } from "../services.ts";

/** The environments on this machine of which this database knows nothing. */
export async function findUnknownEnvironments({
  sql,
  provider,
  dataFolder,
}: Pick<Services, "sql" | "provider" | "dataFolder">): Promise<EnvironmentId[]> {
  const strays = await strayEnvironments(sql, await provider("local").list(), await dataFolder.id());
  return strays.filter(({ of }) => of === "unknown").map(({ id }) => id);
}
