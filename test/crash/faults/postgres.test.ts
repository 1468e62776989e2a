import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, onTestFinished, test, vi } from "vitest";
import { portFree } from "../../../src/providers/previews/port-free.ts";
import { newHome, removeHome, serverOf } from "../../providers/postgres/homes.ts";
import { begunAnew, workerProcess } from "../../support/worker-process.ts";
import { makeWorld, write } from "../../support/world.ts";

const fairlead = fileURLToPath(new URL("../../../src/main/fairlead.ts", import.meta.url));

test("a worker outlives the death of all its connections, also while it begins anew or stops", async () => {
  const world = await makeWorld({ FAIRLEAD_LOG_LEVEL: "silent" });
  onTestFinished(() => world.close());
  const { sql } = world.database;
  const killAll = () =>
    sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`;
  const worker = await workerProcess(world, { FAIRLEAD_LOG_LEVEL: "silent" });
  let { id } = worker;
  for (let round = 0; round < 4; round += 1) {
    await killAll();
    // Its lock is the first that it takes, so it is just starting its pools when it is hit once more.
    id = await begunAnew(world, { ...worker, id });
    await killAll();
    id = await begunAnew(world, { ...worker, id });
  }
  await world.workspace("killed", await world.repository(), [[write("a", "a")]]);
  await world.reaches(await world.request("killed", "x"), "deployed");
  worker.kill("SIGTERM");
  await Promise.all([killAll(), worker.exited]);
  expect((await worker.exited).exitCode).toBe(0);
}, 60_000);

test("a server outlives the kill -9 of its Postgres, brings it back, and prints no trace of the driver's", async () => {
  const home = await newHome();
  onTestFinished(() => removeHome(home));
  const port = await freePort();
  const server = execa(process.execPath, [fairlead, "start"], {
    env: { FAIRLEAD_HOME: home, FAIRLEAD_PORT: String(port), FAIRLEAD_LOG_LEVEL: "warn", DATABASE_URL: "" },
    reject: false,
    all: true,
    forceKillAfterDelay: false,
  });
  onTestFinished(() => void server.kill("SIGKILL"));
  const ready = () =>
    vi
      .waitUntil(async () => (await statusOf(port)) === 200, { timeout: 20_000, interval: 50 })
      .then(() => serverOf(home));
  for (let round = 0; round < 3; round += 1) {
    const postgres = await ready();
    process.kill(postgres?.pid ?? 0, "SIGKILL");
    await vi.waitUntil(async () => (await statusOf(port)) !== 200, { timeout: 5_000, interval: 20 });
  }
  await ready();
  server.kill("SIGTERM");
  const { exitCode, all } = await server;
  expect(exitCode).toBe(0);
  expect(all).not.toMatch(/^(Trace:|node:internal|\s+at )/m);
}, 60_000);

async function statusOf(port: number): Promise<number | null> {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
  return answer?.status ?? null;
}

async function freePort(): Promise<number> {
  for (let port = 24_711; ; port += 1) if (await portFree(port)) return port;
}
