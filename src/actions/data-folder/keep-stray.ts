import type { EnvironmentRow } from "../../domain/environment.ts";
import { noteStrayKept } from "../../store/resources.ts";
import type { Services } from "../services.ts";

const graceMs = 1000;

/**
 * Puts the checkout of an environment aside that has ended, and yet is there: it is not known whether its content has
 * been saved. It counts as ended because another data folder has judged it, by an earlier version, or because a process has
 * made it anew. An empty one, and a link to a person's own folder, is nothing to keep.
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
