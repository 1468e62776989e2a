import { afterAll, beforeAll, expect, test } from "vitest";
import { makeApp } from "../../src/http/app.ts";
import { listen } from "../../src/http/listen.ts";
import { connect } from "../../src/store/sql.ts";
import { changeIn, type Served, serve } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
  await served.world.workspace("shop", "/nowhere", []);
});
afterAll(() => served.close());

test("a process that does its work on a database that answers lives and is ready", async () => {
  expect((await served.ask("GET", "/healthz", { as: null })).body).toEqual({ alive: true });
  const { status, body } = await served.ask("GET", "/readyz", { as: null });
  expect([status, body]).toEqual([200, { ready: true, database: true, worker: true }]);
});

test("without its worker, or its database, it lives and is not ready", async () => {
  const { services } = served.world;
  const sql = connect("postgres://nobody@127.0.0.1:9/none", { max: 1 });
  for (const [part, app] of [
    ["worker", makeApp(services, { log: services.log, ready: async () => false })],
    ["database", makeApp({ ...services, sql }, { log: services.log, ready: async () => true })],
  ] as const) {
    const server = await listen(app, { host: "127.0.0.1", port: 0 });
    const ready = await fetch(`${server.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ ready: false, database: true, worker: true, [part]: false });
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    await server.close();
  }
  await sql.end();
});

test("where another data folder works on the database, /readyz gives that as the reason and names no folder", async () => {
  const { services, database } = served.world;
  await database.sql`insert into fairlead.data_folders (id, host, path, user_name)
    values ('01K5TZ8M3RB6Q4W2E9XJDVH7NC', 'far', '/secret/place', 'ann')`;
  await database.sql`update fairlead.settings set data_folder = '01K5TZ8M3RB6Q4W2E9XJDVH7NC'`;
  const server = await listen(makeApp(services, { log: services.log, ready: async () => false }), {
    host: "127.0.0.1",
    port: 0,
  });
  const ready = await fetch(`${server.url}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toEqual({ ready: false, database: true, worker: false, reason: "DATA_FOLDER_FOREIGN" });
  await server.close();
  await database.sql`update fairlead.settings set data_folder = null`;
});

test("a database that is away is a problem that says so", async () => {
  const { services } = served.world;
  const sql = connect("postgres://nobody@127.0.0.1:9/none", { max: 1 });
  const app = makeApp({ ...services, sql }, { log: services.log, ready: async () => true });
  const server = await listen(app, { host: "127.0.0.1", port: 0 });
  for (const path of ["/api/changes", "/api/events"]) {
    const answer = await fetch(server.url + path, { headers: { Authorization: `Bearer ${served.tokens.admin}` } });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([503, "DATABASE_UNAVAILABLE"]);
  }
  await server.close();
  await sql.end();
});

test("Prometheus is told of changes, jobs, environments, streams, durations and the process", async () => {
  await changeIn(served.world, "provisioning");
  await changeIn(served.world, "deployed");
  await served.ask("GET", "/api/changes/ZZZZZZZZ");
  const { text, headers } = await served.ask("GET", "/metrics", { as: "read" });
  expect(headers.get("content-type")).toContain("text/plain");
  for (const line of [
    'fairlead_changes{status="deployed"} 1',
    'fairlead_changes{status="merged"} 0',
    'fairlead_jobs_waiting{task="provision"} 1',
    'fairlead_environments{status="ready"} 1',
    "fairlead_event_streams 0",
    'fairlead_http_request_duration_seconds_count{method="GET",route="/api/changes/:id",status="404"} 1',
  ]) {
    expect(text).toContain(line);
  }
  expect(text).toContain("process_resident_memory_bytes");
});
