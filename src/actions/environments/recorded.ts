import type { Resource } from "../../domain/resource.ts";
import { intendResources, notePresent, type Owner } from "../../store/resources.ts";
import type { Sql } from "../../store/sql.ts";

/**
 * Makes what has to be cleaned up some day: written down before, and noted as there afterwards. What a crash leaves in
 * between is written down as well, so the clean-up knows to look for it.
 */
export async function recorded<Made>(
  sql: Sql,
  owner: Owner,
  resources: readonly Resource[],
  make: () => Promise<Made>,
): Promise<Made> {
  await intendResources(sql, owner, resources);
  const made = await make();
  await notePresent(sql, owner, resources);
  return made;
}
