import type { EnvironmentRow } from "../../domain/environment.ts";
import { noteStrayKept } from "../../store/resources.ts";
import type { Services } from "../services.ts";

const graceMs = 1000;

/**
 * Moves the checkout of a terminated environment that still exists to `kept/`, because it is not known whether its content
 * was saved. That happens where an earlier version terminated it from another data folder, or a process made it anew. An
 * empty checkout, or a link to a person's own folder, is not kept.
 */
export async function keepStray({ sql, log, provider }: Services, row: EnvironmentRow): Promise<void> {
  if (row.changeId === null) return;
  const environments = provider(row.provider);
  const { length } = await environments.open(row.id, row.repositoryUrl).list("");
  if (length === 0) return;
  await environments.quiesce(row.id, graceMs);
  const folder = await environments.keep(row.id);
  if (folder === null) return;
  await noteStrayKept(sql, row.id, `it lies in ${folder}: it was there when its environment had ended`);
  log.warn({ environment: row.id, folder }, "checkout kept: its environment had ended, and it was still there");
}
