import type pg from "pg";
import { DatabaseNewer, MigrationChanged, OlderWorkerAlive } from "../../domain/faults/database.ts";
import { isOlder } from "../../domain/versions.ts";
import type { Definitions } from "./definitions.ts";
import type { Compared } from "./files.ts";
import type { Installed } from "./installed.ts";
import { programVersion } from "./program.ts";

/** Throws `DatabaseNewer` for migrations that this program does not have, `MigrationChanged` for those with another text. */
export function refuseForeign({ unknown, changed }: Compared): void {
  if (unknown.length > 0) throw new DatabaseNewer(`the migrations ${unknown.join(", ")}`, programVersion);
  if (changed.length > 0) throw new MigrationChanged(changed);
}

/** Throws `DatabaseNewer` where this program would replace the definitions of a newer one by its own. */
export function refuseOlderDefinitions({ installation }: Installed, { hash }: Definitions): void {
  if (installation === null || installation.definitions === hash) return;
  if (isOlder(programVersion, installation.program)) {
    throw new DatabaseNewer(`the functions of ${installation.program}`, programVersion);
  }
}

/**
 * Throws `OlderWorkerAlive` where a worker is alive, whose program was written for the old tables. The lock on fairlead.workers
 * keeps others from registering until the migration is committed; from then on, a trigger refuses older ones.
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
