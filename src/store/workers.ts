import { DatabaseNewer } from "../domain/faults/database.ts";
import type { Id } from "../domain/ids.ts";
import { schemaState } from "./health/health.ts";
import { programVersion } from "./migrations/program.ts";
import { connect, type Sql } from "./sql.ts";

export type WorkerId = Id<"worker">;

export interface WorkerRow {
  readonly id: WorkerId;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: Date;
  readonly alive: boolean;
}

/** Worker processes, and whether each still holds its lock. */
export async function listWorkers(sql: Sql): Promise<WorkerRow[]> {
  return sql<WorkerRow[]>`
    select w.id, w.host, w.pid, w.started_at, fairlead.is_alive(w.id) as alive
    from fairlead.workers w order by w.started_at`;
}

/** Says in whose names this worker's jobs are locked; before any of them is taken. */
export async function addPool(sql: Sql, id: WorkerId, pool: string): Promise<void> {
  await sql`update fairlead.workers set pools = array_append(pools, ${pool}) where id = ${id}`;
}

/** Releases what the worker has still locked, and takes it out of the list. */
export async function retireWorker(sql: Sql, id: WorkerId): Promise<void> {
  await sql`select fairlead.retire_worker(${id})`;
}

/** Releases the jobs of every worker whose lock is gone, wakes the queue, and returns those workers. */
export async function releaseDeadWorkers(sql: Sql): Promise<WorkerId[]> {
  const rows = await sql<{ id: WorkerId }[]>`select id from fairlead.release_dead_workers() as id`;
  return rows.map(({ id }) => id);
}

/** Proof that a worker process lives: a lock that Postgres takes back the moment the process is gone. */
export interface WorkerLock {
  /** Resolves when the lock is lost although nobody let go of it. */
  readonly lost: Promise<void>;
  release(): Promise<void>;
}

/** Throws `DatabaseNewer`: a worker that registers again may find that a newer program has migrated the database meanwhile. */
async function refuseNewer(sql: Sql): Promise<void> {
  const { unknown } = await schemaState(sql);
  if (unknown.length > 0) throw new DatabaseNewer(`the migrations ${unknown.join(", ")}`, programVersion);
}

/** Takes the worker's lock on a connection of its own, and then registers the worker, by `list`. */
export async function holdWorkerLock(
  databaseUrl: string,
  worker: { id: WorkerId; host: string; pid: number },
  list: (sql: Sql) => Promise<void> = (sql) => listWorker(sql, worker),
): Promise<WorkerLock> {
  const { promise: lost, resolve: lose } = Promise.withResolvers<void>();
  const sql = connect(databaseUrl, { max: 1, applicationName: `fairlead worker ${worker.id}`, onClose: lose });
  try {
    // Postgres looks each few seconds whether this machine is still there; left to itself, after two hours.
    await sql`select set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
      set_config('tcp_keepalives_count', '3', false), pg_advisory_lock(fairlead.worker_key(${worker.id}))`;
    // Registered first, so that no migration can begin any more and change what is checked next.
    await list(sql);
    await refuseNewer(sql);
  } catch (error) {
    await sql`delete from fairlead.workers where id = ${worker.id}`.catch(() => {});
    await sql.end({ timeout: 1 });
    throw error;
  }
  return { lost, release: () => sql.end({ timeout: 1 }) };
}

/** Registers a worker that belongs to no data folder. */
async function listWorker(sql: Sql, { id, host, pid }: Pick<WorkerRow, "id" | "host" | "pid">): Promise<void> {
  await sql`insert into fairlead.workers (id, host, pid, program) values (${id}, ${host}, ${pid}, ${programVersion})`;
}
