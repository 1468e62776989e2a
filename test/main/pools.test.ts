import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startPools } from "../../src/main/pools.ts";
import { connect } from "../../src/store/sql.ts";
import { holdWorkerLock, type WorkerId } from "../../src/store/workers.ts";
import { makeWorld, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld({ FAIRLEAD_LOG_LEVEL: "silent" });
});
afterAll(() => world.close());

/** Waits until Postgres has seen the pools' connections go. */
const noneLeft = () =>
  vi.waitFor(
    async () => {
      const left = await world.database.sql<{ query: string }[]>`
        select query from pg_stat_activity where datname = current_database() and application_name = 'fairlead queue'`;
      expect(left).toEqual([]);
    },
    { timeout: 10_000, interval: 50 },
  );

test("a pool that can't be listed is an error of the start, and leaves no runner behind", async () => {
  const { url } = world.database;
  const worker = "01ARZ3NDEKTSV4RRFFQ69G5FAV" as WorkerId;
  const lock = await holdWorkerLock(url, { id: worker, host: "here", pid: process.pid });
  const closed = connect(url);
  await closed.end();
  const starting = startPools({
    services: { ...world.services, sql: closed },
    databaseUrl: url,
    concurrency: 2,
    worker,
    stopping: new AbortController().signal,
  });
  await expect(starting).rejects.toMatchObject({ code: "CONNECTION_ENDED" });
  await noneLeft();
  await lock.release();
});

test("connections that are killed while the pools stop end nothing but themselves", async () => {
  const { url, sql } = world.database;
  for (let round = 0; round < 6; round += 1) {
    const worker = `01ARZ3NDEKTSV4RRFFQ69G5FA${round}` as WorkerId;
    const lock = await holdWorkerLock(url, { id: worker, host: "here", pid: process.pid });
    const stopping = new AbortController();
    const options = { services: world.services, databaseUrl: url, concurrency: 8, worker, stopping: stopping.signal };
    const pools = await startPools(options);
    stopping.abort();
    await Promise.all([
      pools.stop(),
      sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid() and application_name <> 'fairlead'`,
    ]);
    await lock.release();
  }
  // An error that nobody caught fails the run.
  await noneLeft();
});
