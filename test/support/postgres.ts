import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { discardEmbedded } from "../../src/providers/postgres/discard-embedded.ts";
import { openPostgres } from "../../src/providers/postgres/open-postgres.ts";
import { migrate } from "../../src/store/migrate.ts";
import { freshDatabase, withDatabase } from "./database.ts";

declare module "vitest" {
  interface ProvidedContext {
    /**
     * The server's maintenance database as its superuser has it, the server as Fairlead's role has it, and the migrated
     * database that each file clones.
     */
    postgres: { maintenanceUrl: string; everydayUrl: string; template: string };
  }
}

const template = "fairlead_template";

/** One real Postgres for the whole run: our own embedded one, or the server at FAIRLEAD_TEST_DATABASE_URL. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.FAIRLEAD_TEST_DATABASE_URL;
  const home = await mkdtemp(join(tmpdir(), "fairlead-test-"));
  const server =
    given === undefined
      ? await openPostgres({ home, databaseUrl: undefined, database: template })
      : { url: await freshDatabase(given, template), adminUrl: given, close: async () => {} };
  await migrate(server.url);
  project.provide("postgres", {
    maintenanceUrl: withDatabase(server.adminUrl ?? server.url, "postgres"),
    everydayUrl: server.url,
    template,
  });
  return async () => {
    await server.close();
    await discardEmbedded(home);
    await rm(home, { recursive: true, force: true });
  };
}
