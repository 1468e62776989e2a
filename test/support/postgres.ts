import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { discardEmbedded } from "../../src/providers/postgres/embedded/discard-embedded.ts";
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
      : await givenServer(given);
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

/** A server that was given, with an ordinary role beside the one of its address: Fairlead needs no more. */
async function givenServer(adminUrl: string) {
  const everyday = new URL(await freshDatabase(adminUrl, template));
  everyday.username = "fairlead";
  everyday.password = randomBytes(16).toString("hex");
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  const { rowCount } = await client.query("select from pg_roles where rolname = 'fairlead'");
  if (rowCount === 0) await client.query("create role fairlead login");
  await client.query(
    `alter role fairlead password '${everyday.password}'; alter database ${template} owner to fairlead`,
  );
  await client.end();
  return { url: everyday.href, adminUrl, close: async () => {} };
}
