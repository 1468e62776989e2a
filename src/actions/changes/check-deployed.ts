import type { Change } from "../../domain/change.ts";
import { listChanges } from "../../store/changes.ts";
import { findEnvironment, loseEnvironment } from "../../store/environments.ts";
import { isHere } from "../data-folder/is-here.ts";
import type { Services } from "../services.ts";
import { previewProcess } from "./open-preview.ts";

const atOnce = 1000;

/** Replaces the environments of changes that wait for a person while nothing is there to look at any more. */
export async function checkDeployed(services: Services): Promise<void> {
  await services.dataFolder.check();
  for (const change of await listChanges(services.sql, { statuses: ["deployed"], limit: atOnce })) {
    try {
      const why = await whatIsLost(services, change);
      if (why === null) continue;
      await services.dataFolder.check();
      const replaced = await loseEnvironment(services.sql, change, why);
      services.log.warn({ change: change.id, why, replaced }, "environment lost");
    } catch (error) {
      services.log.warn({ err: error, change: change.id }, "preview could not be looked for");
    }
  }
}

async function whatIsLost(services: Services, change: Change): Promise<string | null> {
  const { sql, provider } = services;
  const row = change.environmentId === null ? null : await findEnvironment(sql, change.environmentId);
  if (row === null || !(await isHere(services, row))) return null;
  const environment = provider(row.provider).open(row.id, change.repositoryUrl);
  if (!(await environment.present())) return "its environment has vanished";
  if (change.previewPort === null) return null;
  const { state } = await environment.adopt(previewProcess(change));
  return state === "running" ? null : "its preview has ended";
}
