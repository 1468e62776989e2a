import { afterAll, beforeAll, expect, test } from "vitest";
import { workerProcess } from "../support/worker-process.ts";
import { makeWorld, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.close());

const write = (path: string, text: string) => ({ do: "write", path, text });

test("a change survives its worker's SIGKILL: the agent runs on, is adopted, and its log has no gap and no double", async () => {
  const { sql } = world.database;
  const remote = await world.repository();
  const lines = Array.from({ length: 30 }, (_, n) => [
    { do: "say", text: `line ${n}` },
    { do: "wait", ms: 100 },
  ]).flat();
  await world.workspace("killed", remote, [[...lines, write("a", "a")]]);
  const first = await workerProcess(world);
  const id = await world.request("killed", "x");
  await world.row(() => sql`select from fairlead.log_chunks where change_id = ${id} and text like '%line 5%'`);
  first.kill("SIGKILL");
  await world.startWorker();
  await world.reaches(id, "deployed");
  const chunks = await sql<{ text: string }[]>`
    select text from fairlead.log_chunks where change_id = ${id} and process = 'agent-1' and stream = 'stdout' order by seq`;
  const said = [
    ...chunks
      .map(({ text }) => text)
      .join("")
      .matchAll(/line (\d+)/g),
  ].map(([, n]) => Number(n));
  expect(said).toEqual(Array.from({ length: 30 }, (_, n) => n));
  const workers = await sql`select from fairlead.workers`;
  expect(workers).toHaveLength(1);
});

test("a worker that gets SIGTERM hands over, spends no attempt and exits within five seconds; the agent runs on", async () => {
  const { sql } = world.database;
  await world.workspace("term", await world.repository(), [[{ do: "wait", ms: 4000 }, write("a", "a")]]);
  const id = await world.request("term", "x");
  const leaving = await workerProcess(world);
  await world.reaches(id, "implementing");
  const before = performance.now();
  leaving.kill("SIGTERM");
  await leaving.exited;
  expect(performance.now() - before).toBeLessThan(5000);
  await world.reaches(id, "deployed");
  const starts =
    await sql`select distinct start_byte from fairlead.log_chunks where change_id = ${id} and process = 'agent-1' and start_byte = 0`;
  expect(starts).toHaveLength(1);
});

test("killing every connection under load neither hangs nor crashes a worker: the changes go on", async () => {
  const { sql } = world.database;
  await world.startWorker();
  await world.workspace("backends", await world.repository(), [[{ do: "wait", ms: 200 }, write("a", "a")]]);
  const ids = [];
  for (let n = 0; n < 5; n += 1) ids.push(await world.request("backends", `Number ${n}`));
  for (let round = 0; round < 6; round += 1) {
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`.catch(
      () => {},
    );
    await world.row(() => sql`select 1 as one`.catch(() => []));
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const id of ids) await world.reaches(id, "deployed");
}, 60_000);
