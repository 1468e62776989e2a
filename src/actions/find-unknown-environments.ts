import type { EnvironmentId } from "../domain/ids.ts";
import { strayEnvironments } from "../store/environments.ts";
import type { Services } from "./services.ts";

/** The environments on this machine of which this database knows nothing. */
export async function findUnknownEnvironments({
  sql,
  provider,
}: Pick<Services, "sql" | "provider">): Promise<EnvironmentId[]> {
  const strays = await strayEnvironments(sql, await provider("local").list());
  return strays.filter(({ isKnown }) => !isKnown).map(({ id }) => id);
}
