import { makeLog } from "../../src/main/log.ts";
import { makeServices } from "../../src/main/services.ts";
import { startWorker, type WorkerHandle } from "../../src/main/worker.ts";
import { parseSettings } from "../../src/wire/settings.ts";
import type { World } from "./world.ts";

/** A Fairlead with a data folder of its own on the database of a world. */
export function fairleadIn(world: World, home: string, logLevel = "silent") {
  const settings = parseSettings({ FAIRLEAD_HOME: home, FAIRLEAD_LOG_LEVEL: logLevel });
  const services = makeServices(settings, world.database.sql, makeLog(logLevel));
  return {
    services,
    startWorker: (): Promise<WorkerHandle> =>
      startWorker({ services, databaseUrl: world.database.url, concurrency: settings.concurrency }),
  };
}

/** As a database was before data folders were known. */
export async function forgetFolders(world: World): Promise<void> {
  const { sql } = world.database;
  await sql`update fairlead.settings set data_folder = null`;
  await sql`update fairlead.environments set data_folder = null`;
  await sql`delete from fairlead.data_folders`;
}
