import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { discardEmbedded } from "../../src/providers/postgres/embedded/discard-embedded.ts";
import { openPostgres } from "../../src/providers/postgres/open-postgres.ts";
import { migrate } from "../../src/store/migrate.ts";
import { connect } from "../../src/store/sql.ts";
import { freshDatabase, withDatabase } from "../support/database.ts";

/** A Postgres with a migrated database in it. */
export interface Server {
  /** Of the database that every other is made in. */
  readonly maintenanceUrl: string;
  readonly template: string;
  /** Stops it from one moment to the next, as when its machine loses power; it comes back by itself. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

const template = `fairlead_crash_${process.pid}`;

/** One of our own, as a user without a DATABASE_URL has it. */
export async function ownServer(): Promise<Server> {
  const home = await mkdtemp(join(tmpdir(), "fairlead-crash-server-"));
  const opened = await openPostgres({ home, databaseUrl: undefined, database: template });
  await migrate(opened.url);
  return {
    maintenanceUrl: withDatabase(opened.adminUrl ?? opened.url, "postgres"),
    template,
    async crash() {
      const [pid] = (await readFile(join(home, "postgres", "postmaster.pid"), "utf8")).split("\n");
      process.kill(Number(pid), "SIGQUIT");
    },
    async close() {
      await opened.close();
      await discardEmbedded(home);
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The one at this address, which stays as it is but for databases of ours. */
export async function givenServer(url: string): Promise<Server> {
  await migrate(await freshDatabase(url, template));
  return {
    maintenanceUrl: url,
    template,
    crash: () => Promise.reject(new Error("a Postgres that was given is not ours to crash")),
    async close() {
      const sql = connect(url, { max: 1 });
      await sql`drop database if exists ${sql(template)} with (force)`;
      await sql.end({ timeout: 2 });
    },
  };
}
