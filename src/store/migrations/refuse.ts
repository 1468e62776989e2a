import type pg from "pg";
import { DatabaseNewer, MigrationChanged, OlderWorkerAlive } from "../../domain/faults/database.ts";
import { isOlder } from "../../domain/versions.ts";
import type { Definitions } from "./definitions.ts";
import type { Compared } from "./files.ts";
import type { Installed } from "./installed.ts";
import { programVersion } from "./program.ts";

/** Throws where the database has what this program doesn't know, or knows as something else. */
export function refuseForeign({ unknown, changed }: Compared): void {
  if (unknown.length > 0) throw new DatabaseNewer(`the migrations ${unknown.join(", ")}`, programVersion);
  if (changed.length > 0) throw new MigrationChanged(changed);
}

/** Throws where this program would replace the functions of a newer one by its own. */
export function refuseOlderDefinitions({ installation }: Installed, { hash }: Definitions): void {
  if (installation === null || installation.definitions === hash) return;
  if (isOlder(programVersion, installation.program)) {
    throw new DatabaseNewer(`the functions of ${installation.program}`, programVersion);
  }
}

/**
 * Throws where a worker is at work whose program knows the tables as they were. The lock on its table keeps another from
 * being listed until the migration is committed, and from then on a trigger refuses it.
 */
export async function refuseOlderWorkers(client: pg.Client): Promise<void> {
  const there = await client.query("select from pg_tables where schemaname = 'fairlead' and tablename = 'workers'");
  if (there.rowCount === 0) return;
  await client.query("lock table fairlead.workers in share row exclusive mode");
  const { rows } = await client.query<{ host: string; pid: number }>(`
    select w.host, w.pid from fairlead.workers w where exists (
      select from pg_locks l
      where l.locktype = 'advisory' and l.granted
        and l.database = (select oid from pg_database where datname = current_database())
        and ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended('fairlead.worker ' || w.id, 0))
    order by w.started_at`);
  if (rows.length > 0) throw new OlderWorkerAlive(rows);
}
