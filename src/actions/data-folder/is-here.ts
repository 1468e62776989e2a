import type { EnvironmentRow } from "../../domain/environment.ts";
import { DataFolderForeign } from "../../domain/faults/data-folders.ts";
import { EnvironmentGone } from "../../domain/faults/environments.ts";
import type { EnvironmentId } from "../../domain/ids.ts";
import { folderAtWork, placeEnvironment } from "../../store/data-folders.ts";
import type { Services } from "../services.ts";

/** Whether this disk says whether an environment exists: it lies in this data folder, or was made in none yet. */
export async function isHere(
  { dataFolder }: Pick<Services, "dataFolder">,
  { dataFolder: folder }: Pick<EnvironmentRow, "dataFolder">,
): Promise<boolean> {
  return folder === null || folder === (await dataFolder.id());
}

/**
 * Records that an environment is about to be made in this data folder. Throws `DataFolderForeign` when another folder has
 * taken over, `EnvironmentGone` when the environment lies in another folder.
 */
export async function placeHere({ sql, dataFolder }: Services, id: EnvironmentId): Promise<void> {
  const folder = await dataFolder.open();
  if (await placeEnvironment(sql, id, folder.id)) return;
  const atWork = await folderAtWork(sql);
  if (atWork !== null && atWork.id !== folder.id) throw new DataFolderForeign(folder, atWork);
  throw new EnvironmentGone(id);
}
