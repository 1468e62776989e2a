import type { Express } from "express";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeApp } from "../../src/http/app.ts";
import { type Served, serve } from "./support.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
});
afterAll(() => served.close());

interface Layer {
  readonly handle: { readonly stack?: readonly Layer[] };
  readonly route?: { readonly path: string; readonly stack: readonly { readonly method?: string }[] };
}

/** Every method and path that Express itself has been told of. */
function routesOf(stack: readonly Layer[]): string[] {
  return stack.flatMap(({ route, handle }) => {
    if (route === undefined) return routesOf(handle.stack ?? []);
    const methods = new Set(route.stack.flatMap(({ method }) => method ?? []));
    return [...methods].map((method) => `${method} ${route.path.replaceAll(/:(\w+)/g, "{$1}")}`);
  });
}

test("every route of the app is described, and every route that is described is there", async () => {
  const { services } = served.world;
  const app: Express = makeApp(services, { log: services.log, ready: async () => true });
  const { body } = await served.ask("GET", "/api/openapi.json", { as: null });
  const described = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(described.sort()).toEqual(routesOf(app.router.stack as unknown as Layer[]).sort());
  expect(described.length).toBeGreaterThan(25);
});

test("every operation has an id of its own, a summary and the answers it may give", async () => {
  const { body } = await served.ask("GET", "/api/openapi.json", { as: null });
  const operations = Object.values<Record<string, Record<string, unknown>>>(body.paths).flatMap(Object.values);
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  for (const operation of operations) {
    expect(operation).toMatchObject({ summary: expect.any(String), responses: { default: expect.any(Object) } });
  }
});

test("what it refers to is in it", async () => {
  const { body, text } = await served.ask("GET", "/api/openapi.json", { as: null });
  const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
  expect(Object.keys(body.components.schemas)).toEqual(expect.arrayContaining(references));
});
