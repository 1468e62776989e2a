import { afterAll, beforeAll, expect, test } from "vitest";
import { startCpuTimer } from "../support/cpu-time.ts";
import { planOf, step } from "../support/plans.ts";
import { startPlan } from "../support/runs.ts";
import { changeIn, type Served, serve } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
  await served.world.workspace("shop", "/nowhere", []);
});
afterAll(() => served.close());

test("a page of a log is some megabytes at the most, and the next one goes on where it ends", async () => {
  const { sql } = served.world.database;
  const id = await changeIn(served.world, "implementing");
  await sql`
    insert into fairlead.log_chunks (change_id, environment_id, process, stream, start_byte, end_byte, text)
    select ${id}, 'e', 'agent-1', 'stdout', n * 65536, (n + 1) * 65536, repeat('{"type":"system","subtype":""}' || chr(10), 2114)
    from generate_series(0, 99) n`;
  let after = 0;
  let chunks = 0;
  for (;;) {
    const cpuMs = startCpuTimer();
    const { body, text } = await served.ask("GET", `/api/changes/${id}/log?limit=1000&after=${after}`);
    expect(cpuMs()).toBeLessThan(1_500);
    expect(text.length).toBeLessThan(4 * 1024 * 1024);
    if (body.entries.length === 0) break;
    expect(body.entries.length).toBe(Math.min(32, 100 - chunks));
    chunks += body.entries.length;
    after = body.last_seq;
  }
  expect(chunks).toBe(100);
});

test("a chunk that is larger than a page is a page", async () => {
  const { sql } = served.world.database;
  const id = await changeIn(served.world, "implementing");
  await sql`
    insert into fairlead.log_chunks (change_id, environment_id, process, stream, start_byte, end_byte, text)
    select ${id}, 'f', 'agent-1', 'stdout', n * 3000000, (n + 1) * 3000000, 'x' from generate_series(0, 1) n`;
  const { body } = await served.ask("GET", `/api/changes/${id}/log`);
  expect(body.entries).toHaveLength(1);
});

test("of outputs the beginnings are shown, however long they are and however many", async () => {
  const { sql } = served.world.database;
  const id = await startPlan(served.world, planOf(Array.from({ length: 50 }, (_, at) => step(`s${at}`))));
  await sql`update fairlead.steps set outputs = jsonb_build_object('a', repeat('é', 1000000), 'b', 'short') where run_id = ${id}`;
  const cpuMs = startCpuTimer();
  const { body, text } = await served.ask("GET", `/api/runs/${id}`);
  expect(cpuMs()).toBeLessThan(3_000);
  expect(text.length).toBeLessThan(200_000);
  expect(body.steps[7].outputs).toEqual({ a: "é".repeat(1000), b: "short" });
});
