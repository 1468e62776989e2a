import type { Change } from "../../domain/change.ts";
import { listChanges } from "../../store/changes.ts";
import { noteFolder } from "../../store/data-folders.ts";
import { findEnvironment } from "../../store/environments.ts";
import { previewProcess } from "../changes/open-preview.ts";
import { previewSpec } from "../processes/preview-spec.ts";
import type { Services } from "../services.ts";
import { isHere } from "./is-here.ts";

const atOnce = 1000;

/**
 * Adapts environments to the data folder's present path, before any task runs: checkouts find their mirror again, and, when
 * the folder was moved, previews are restarted, because most keep using the paths that they were started with.
 */
export async function settleIn(services: Services, movedFrom: string | null): Promise<void> {
  const { log, provider, dataFolder, sql } = services;
  const mended = await provider("local").mend();
  if (mended.length > 0) log.info({ mended }, "checkouts borrow from their mirror by a relative path now");
  if (movedFrom === null) return;
  log.warn({ from: movedFrom, to: dataFolder.path }, "data folder has moved");
  for (const change of await listChanges(sql, { statuses: ["deployed"], limit: atOnce })) {
    // If it can't be started, `checkDeployed` finds it stopped and replaces its environment.
    await reopenPreview(services, change).catch((error: unknown) =>
      log.warn({ err: error, change: change.id }, "preview could not be restarted after the data folder was moved"),
    );
  }
  // From here on it is no moved folder any more.
  await noteFolder(sql, await dataFolder.open());
}

async function reopenPreview(services: Services, change: Change): Promise<void> {
  const { environmentId, previewPort, blueprint } = change;
  const row = environmentId === null ? null : await findEnvironment(services.sql, environmentId);
  if (row === null || previewPort === null || blueprint?.start == null || !(await isHere(services, row))) return;
  const environment = services.provider(row.provider).open(row.id, change.repositoryUrl);
  const name = previewProcess(change);
  if (!(await environment.present()) || (await environment.adopt(name)).state !== "running") return;
  await environment.stop(name, services.limits.graceMs);
  await environment.forget(name);
  await environment.start(await previewSpec(services, change, { start: blueprint.start, port: previewPort, name }));
}
