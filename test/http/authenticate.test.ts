import { afterAll, beforeAll, expect, test } from "vitest";
import { mayActAs, roles } from "../../src/domain/role.ts";
import { routesByNoun } from "../../src/http/routes.ts";
import { changeIn, type Served, serve } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
  await served.world.workspace("shop", await served.world.repository(), []);
});
afterAll(() => served.close());

const wrong = { Authorization: `Bearer fl_01ARZ3NDEKTSV4RRFFQ69G5FAV_${"x".repeat(43)}` };

test("every route but health and its own description wants a token", async () => {
  for (const route of routesByNoun.flat()) {
    const { status, headers } = await served.ask(route.method.toUpperCase(), route.path.replaceAll(/:\w+/g, "x"), {
      as: null,
    });
    const open = ["/healthz", "/readyz", "/api/openapi.json"].includes(route.path);
    expect([route.path, status]).toEqual([route.path, open ? 200 : 401]);
    if (!open) expect(headers.get("www-authenticate")).toBe('Bearer realm="fairlead"');
  }
});

test("a role may do what the roles before it may, and no more", async () => {
  const id = await changeIn(served.world, "implementing");
  const needs = [
    ["read", "GET", `/api/changes/${id}`, undefined],
    ["read", "GET", "/metrics", undefined],
    ["request", "POST", "/api/changes", {}],
    ["review", "POST", `/api/changes/${id}/approve`, {}],
    ["admin", "POST", "/api/workspaces", {}],
    ["admin", "POST", "/api/tokens", {}],
    ["admin", "DELETE", `/api/environments/${id}`, undefined],
  ] as const;
  for (const [needed, method, path, body] of needs) {
    for (const as of roles) {
      const { status } = await served.ask(method, path, { as, body });
      expect([as, method, path, status === 403]).toEqual([as, method, path, !mayActAs(as, needed)]);
    }
  }
});

test("a token that is revoked is refused from then on", async () => {
  const { body } = await served.ask("POST", "/api/tokens", { body: { name: "Robin", role: "read" } });
  const headers = { Authorization: `Bearer ${body.token}` };
  expect((await served.ask("GET", "/api/changes", { as: null, headers })).status).toBe(200);
  expect((await served.ask("DELETE", `/api/tokens/${body.id}`)).status).toBe(204);
  expect((await served.ask("GET", "/api/changes", { as: null, headers })).status).toBe(401);
  const list = await served.ask("GET", "/api/tokens");
  expect(list.body.tokens[0]).toMatchObject({ id: body.id, name: "Robin", revoked_at: expect.any(String) });
  expect(list.text).not.toContain(body.token.slice(-43));
  expect((await served.ask("DELETE", `/api/tokens/${body.id}`)).body.code).toBe("TOKEN_UNKNOWN");
});

test("after twenty wrong tokens within a minute more are turned away, and the right one still passes", async () => {
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 25; attempt += 1) {
    statuses.push((await served.ask("GET", "/api/changes", { as: null, headers: wrong })).status);
  }
  expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(20);
  expect(statuses.slice(-5)).toEqual([429, 429, 429, 429, 429]);
  const refused = await served.ask("GET", "/api/changes", { as: null, headers: wrong });
  expect([refused.body.code, refused.headers.get("retry-after")]).toEqual(["TOO_MANY_FAILED_LOGINS", "60"]);
  expect((await served.ask("GET", "/api/changes")).status).toBe(200);
});
