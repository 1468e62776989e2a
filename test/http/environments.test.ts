import { afterAll, beforeAll, expect, test } from "vitest";
import { changeIn, type Served, serve } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
  for (const name of ["shop", "blog"]) await served.world.workspace(name, "/nowhere", []);
});
afterAll(() => served.close());

test("environments are listed by workspace, and shown", async () => {
  const id = await changeIn(served.world, "implementing");
  await changeIn(served.world, "implementing", "blog");
  const { body } = await served.ask("GET", "/api/environments?workspace=shop", { as: "read" });
  expect(body.environments).toMatchObject([{ change_id: id, status: "ready", provider: "local" }]);
  const one = await served.ask("GET", `/api/environments/${body.environments[0].id}`);
  expect(one.body).toEqual(body.environments[0]);
});

test("an environment is ended only when no change needs it", async () => {
  const { sql } = served.world.database;
  const change = (await served.ask("GET", `/api/changes/${await changeIn(served.world, "implementing")}`)).body;
  const path = `/api/environments/${change.environment_id}`;
  const refused = await served.ask("DELETE", path);
  expect([refused.status, refused.body.code, refused.body.current_status]).toEqual([
    409,
    "ENVIRONMENT_IN_USE",
    "implementing",
  ]);
  await sql`update fairlead.change_requests set status = 'failed' where id = ${change.id}`;
  const ended = await served.ask("DELETE", path);
  expect([ended.status, ended.body.status]).toEqual([202, "terminating"]);
  const unknown = await served.ask("DELETE", "/api/environments/01ARZ3NDEKTSV4RRFFQ69G5FAV");
  expect([unknown.status, unknown.body.code]).toEqual([404, "ENVIRONMENT_UNKNOWN"]);
});
