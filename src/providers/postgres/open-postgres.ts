import { openEmbedded } from "./embedded/open-embedded.ts";
import { checkGivenDatabase } from "./given-database.ts";
import type { OpenPostgresOptions, PostgresHandle } from "./port.ts";

/** Gives the database of DATABASE_URL once it has answered, else the embedded one, started where it isn't running. */
export async function openPostgres(options: OpenPostgresOptions): Promise<PostgresHandle> {
  const { home, databaseUrl, database = "fairlead", log = () => {}, onSetup = () => {} } = options;
  if (databaseUrl === undefined) return openEmbedded({ home, database, log, onSetup });
  await checkGivenDatabase(databaseUrl);
  return { url: databaseUrl, adminUrl: null, embedded: false, close: async () => {} };
}
