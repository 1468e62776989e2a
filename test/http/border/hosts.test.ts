import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseHost } from "../../../src/domain/served-as.ts";
import { makeApp } from "../../../src/http/app.ts";
import { type Listening, listen } from "../../../src/http/listen.ts";
import { sendRaw } from "../raw.ts";
import { type Served, serve } from "../support.ts";

let served: Served;
let port: string;
let proxied: Listening;
beforeAll(async () => {
  served = await serve();
  port = new URL(served.server.url).port;
  const { services } = served.world;
  const names = ["Fairlead.Example.com", "tunnel.example:8080"].flatMap((name) => parseHost(name) ?? []);
  const app = makeApp(services, { log: services.log, ready: async () => true, hosts: names });
  proxied = await listen(app, { host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await proxied.close();
  await served.close();
});

const ask = (head: string) => sendRaw(served.server.url, `${head}\nAuthorization: Bearer ${served.tokens.admin}`);
const askProxied = (head: string) => sendRaw(proxied.url, `${head}\nAuthorization: Bearer ${served.tokens.admin}`);

describe("a request is answered", () => {
  test("for loopback's names and addresses with the port, however they are spelled", async () => {
    for (const host of [
      "localhost",
      "LocalHost",
      "localhost.",
      "127.0.0.1",
      "127.0.0.2",
      "127.1",
      "[::1]",
      "[0:0:0:0:0:0:0:1]",
    ]) {
      const { status } = await ask(`GET /api/changes HTTP/1.1\nHost: ${host}:${port}`);
      expect([host, status]).toEqual([host, 200]);
    }
  });

  test("for names that are configured, with any port or the one that is named", async () => {
    for (const host of [
      "fairlead.example.com",
      "FAIRLEAD.example.com.",
      "fairlead.example.com:443",
      "tunnel.example:8080",
    ]) {
      const { status } = await askProxied(`GET /api/changes HTTP/1.1\nHost: ${host}`);
      expect([host, status]).toEqual([host, 200]);
    }
    expect((await askProxied("GET /api/changes HTTP/1.1\nHost: tunnel.example:8081")).status).toBe(421);
    expect((await askProxied("GET /api/changes HTTP/1.1\nHost: tunnel.example")).status).toBe(421);
  });

  test("in absolute form, when both names are its own", async () => {
    const own = `127.0.0.1:${port}`;
    expect((await ask(`GET http://${own}/api/changes HTTP/1.1\nHost: ${own}`)).status).toBe(200);
    expect((await ask(`GET http://evil.example/api/changes HTTP/1.1\nHost: ${own}`)).status).toBe(421);
    expect((await ask(`GET http://${own}/api/changes HTTP/1.1\nHost: evil.example`)).status).toBe(421);
    expect((await ask(`GET http://${own}@evil.example/api/changes HTTP/1.1\nHost: ${own}`)).status).toBe(421);
    expect((await ask(`GET ftp://${own}/api/changes HTTP/1.1\nHost: ${own}`)).status).toBe(421);
  });

  test("about health, for any host and none, because monitors use names of their own", async () => {
    for (const path of ["/healthz", "/readyz"]) {
      expect((await ask(`GET ${path} HTTP/1.1\nHost: 10.1.2.3:80`)).status).toBe(200);
      expect((await ask(`HEAD ${path} HTTP/1.1\nHost: balancer.example`)).status).toBe(200);
      expect((await ask(`GET ${path} HTTP/1.0`)).status).toBe(200);
      expect((await ask(`POST ${path} HTTP/1.1\nHost: evil.example`)).status).toBe(421);
    }
  });
});

test("a request for any other host is refused, whatever its method and path", async () => {
  const hosts = [
    "evil.example",
    `evil.example:${port}`,
    `localhost.evil.example:${port}`,
    `127.0.0.1.evil.example:${port}`,
    `localhost:${Number(port) === 1 ? 2 : 1}`,
    "localhost",
    "127.0.0.1",
    `10.0.0.1:${port}`,
    `0.0.0.0:${port}`,
    `[::2]:${port}`,
    `[::ffff:10.0.0.1]:${port}`,
    `localhost:${port}:1`,
    `localhost:${port}@evil.example`,
    `evil.example,localhost:${port}`,
    `evil.example/localhost:${port}`,
    `evil.example localhost:${port}`,
    `localhost\\@evil.example:${port}`,
    `loc%61lhost:${port}`,
    `localhost..:${port}`,
    "",
  ];
  for (const host of hosts) {
    const { status, text } = await ask(`GET /api/changes HTTP/1.1\nHost: ${host}`);
    expect([host, status]).toEqual([host, 421]);
    expect(text).toContain('"code":"HOST_NOT_SERVED"');
  }
  for (const method of ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"]) {
    for (const path of ["/", "/api/changes", "/api/events", "/metrics", "/api/openapi.json", "/nowhere", "/%"]) {
      const { status } = await ask(`${method} ${path} HTTP/1.1\nHost: evil.example\nContent-Length: 0`);
      expect([method, path, status]).toEqual([method, path, 421]);
    }
  }
  expect((await ask("OPTIONS * HTTP/1.1\nHost: evil.example")).status).toBe(421);
});

test("a request without a Host, or with two, is refused", async () => {
  expect((await ask("GET /api/changes HTTP/1.0")).status).toBe(421);
  expect((await ask("GET /api/changes HTTP/1.1")).status).toBe(400);
  const own = `Host: localhost:${port}`;
  for (const hosts of [`${own}\n${own}`, `${own}\nHost: evil.example`, `Host: evil.example\n${own}`]) {
    expect((await ask(`GET /api/changes HTTP/1.1\n${hosts}`)).status).toBeGreaterThanOrEqual(400);
  }
});

describe("a page of another origin", () => {
  const foreign = [
    "http://evil.example",
    "https://evil.example",
    "null",
    "http://localhost:1",
    "http://localhost",
    "file://",
    "chrome-extension://abcdef",
    "",
    "x",
  ];

  test("changes nothing", async () => {
    for (const origin of [...foreign, `http://127.0.0.1:${port}`, "https://localhost:443"]) {
      for (const method of ["POST", "DELETE", "PUT", "OPTIONS"]) {
        const { status, text } = await ask(
          `${method} /api/changes HTTP/1.1\nHost: localhost:${port}\nOrigin: ${origin}\nContent-Length: 0`,
        );
        expect([origin, method, status]).toEqual([origin, method, 403]);
        expect(text.toLowerCase()).not.toContain("access-control");
      }
    }
  });

  test("follows no events", async () => {
    for (const origin of foreign) {
      for (const [method, path] of [
        ["GET", "/api/events"],
        ["HEAD", "/api/events"],
        ["GET", "/api/events/"],
      ]) {
        const { status } = await ask(`${method} ${path} HTTP/1.1\nHost: localhost:${port}\nOrigin: ${origin}`);
        expect([origin, path, status]).toEqual([origin, path, 403]);
      }
    }
  });

  test("gets no CORS headers", async () => {
    const { status, text } = await ask(
      `GET /api/changes HTTP/1.1\nHost: localhost:${port}\nOrigin: http://evil.example`,
    );
    expect(status).toBe(200);
    expect(text.toLowerCase()).not.toContain("access-control");
  });
});

test("a page of its own origin may do what its token may", async () => {
  const own = `localhost:${port}`;
  const { status } = await ask(
    `POST /api/tokens HTTP/1.1\nHost: ${own}\nOrigin: http://${own}\nContent-Type: application/json\nContent-Length: 0`,
  );
  expect(status).toBe(400);
  for (const [host, origin] of [
    ["fairlead.example.com", "https://fairlead.example.com"],
    ["fairlead.example.com", "http://fairlead.example.com"],
    [`127.0.0.1:${new URL(proxied.url).port}`, "https://Fairlead.example.com:443"],
    [`127.0.0.1:${new URL(proxied.url).port}`, "http://tunnel.example:8080"],
  ]) {
    const answer = await askProxied(
      `POST /api/tokens HTTP/1.1\nHost: ${host}\nOrigin: ${origin}\nContent-Type: application/json\nContent-Length: 0`,
    );
    expect([host, origin, answer.status]).toEqual([host, origin, 400]);
  }
  const other = await askProxied(
    "POST /api/tokens HTTP/1.1\nHost: fairlead.example.com\nOrigin: http://tunnel.example:9090\nContent-Length: 0",
  );
  expect(other.status).toBe(403);
});

test("on all addresses, a request is answered under the address that it was sent to", async () => {
  const { services } = served.world;
  const app = makeApp(services, { log: services.log, ready: async () => true });
  const server = await listen(app, { host: "::", port: 0 });
  const at = new URL(server.url).port;
  for (const [url, host, expected] of [
    [`http://127.0.0.1:${at}`, `127.0.0.1:${at}`, 200],
    [`http://[::1]:${at}`, `[::1]:${at}`, 200],
    [`http://127.0.0.1:${at}`, `evil.example:${at}`, 421],
    [`http://127.0.0.1:${at}`, `192.0.2.7:${at}`, 421],
  ] as const) {
    const { status } = await sendRaw(url, `GET /api/openapi.json HTTP/1.1\nHost: ${host}`);
    expect([host, status]).toEqual([host, expected]);
  }
  await server.close();
});

test("an answer has the headers of an API, and none that speak for other services of the host", async () => {
  const { headers } = await served.ask("GET", "/api/changes");
  expect(headers.get("strict-transport-security")).toBeNull();
  expect(headers.get("content-security-policy")).toBe(
    "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
  );
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
});
