import { expect } from "vitest";
import { z } from "zod";
import { createToken } from "../../src/actions/manage-tokens.ts";
import { type Role, roles } from "../../src/domain/role.ts";
import { makeApp } from "../../src/http/app.ts";
import { type Listening, listen } from "../../src/http/listen.ts";
import { routesByNoun } from "../../src/http/routes.ts";
import { makeWorld, type World } from "../support/world.ts";

export interface Asking {
  /** Whose token goes with it; an admin's when left out, none when null. */
  readonly as?: Role | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it is what the test is about
  readonly body: any;
}

/** A served API on a database of its own, with a token for each role, and nobody who does the work. */
export interface Served {
  readonly world: World;
  readonly server: Listening;
  readonly tokens: Readonly<Record<Role, string>>;
  /** Asks, and checks the answer against what OpenAPI says of it. */
  ask(method: string, path: string, asking?: Asking): Promise<Answer>;
  close(): Promise<void>;
}

export async function serve(): Promise<Served> {
  const world = await makeWorld({ FAIRLEAD_LOG_LEVEL: "silent", FAIRLEAD_MAX_ACTIVE_CHANGES: "1000" });
  const { services } = world;
  const app = makeApp(services, { log: services.log, ready: async () => true });
  const server = await listen(app, { host: "127.0.0.1", port: 0 });
  const tokens = {} as Record<Role, string>;
  for (const role of roles) tokens[role] = (await createToken(services, `the ${role}`, role)).token;
  return {
    world,
    server,
    tokens,
    async ask(method, path, { as = "admin", body, headers = {} } = {}) {
      const response = await fetch(server.url + path, {
        method,
        headers: {
          ...(as !== null && { Authorization: `Bearer ${tokens[as]}` }),
          ...(body !== undefined && { "Content-Type": "application/json" }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
        signal: AbortSignal.timeout(20_000),
      });
      const text = await response.text();
      const isJson = /json/.test(response.headers.get("content-type") ?? "");
      const answer = {
        status: response.status,
        headers: response.headers,
        text,
        body: isJson ? JSON.parse(text) : null,
      };
      checkAsDescribed(method, path, answer);
      return answer;
    },
    async close() {
      await server.close();
      await world.close();
    },
  };
}

/** A change that stands at a status, moved there by plain updates. */
export async function changeIn({ database: { sql } }: World, status: string, workspace = "shop"): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    insert into fairlead.change_requests (workspace, request_text) values (${workspace}, 'Add a spinner') returning id`;
  const id = row?.id ?? "";
  if (status === "provisioning") return id;
  await sql`update fairlead.change_requests set status = 'implementing', branch_name = ${`change/${id}`}
    where id = ${id}`;
  if (status === "implementing") return id;
  await sql`update fairlead.change_requests set status = 'deployed' where id = ${id}`;
  return id;
}

function checkAsDescribed(method: string, path: string, { status, headers, body }: Answer): void {
  const type = headers.get("content-type") ?? "";
  if (type.startsWith("application/problem+json")) {
    expect(body).toMatchObject({
      type: expect.any(String),
      title: expect.any(String),
      status,
      code: expect.any(String),
    });
    return;
  }
  const [plain = ""] = path.split("?");
  const route = routesByNoun.flat().find((one) => one.method === method.toLowerCase() && pattern(one.path).test(plain));
  if (route === undefined || body === null) return;
  const described = (route.responses as Record<string, { content?: Record<string, { schema: unknown }> }>)[status];
  expect(described, `${method} ${path} answered ${status}, which is not described`).toBeDefined();
  const schema = described?.content?.["application/json"]?.schema;
  // Equal after parsing: nothing is missing, and nothing is in it that is not described.
  if (schema instanceof z.ZodType) expect(schema.parse(body)).toEqual(body);
}

function pattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/:\w+/g, "[^/]+")}$`);
}
