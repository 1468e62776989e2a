import { pino } from "pino";
import { expect, test } from "vitest";
import { makeApp } from "../../src/http/app.ts";
import { listen } from "../../src/http/listen.ts";
import { makeWorld } from "../support/world.ts";

test("a request is logged by its id, with no token, cookie or body in the line", async () => {
  const world = await makeWorld();
  const lines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line) => void lines.push(line) });
  const server = await listen(makeApp(world.services, { log, ready: async () => true }), {
    host: "127.0.0.1",
    port: 0,
  });
  const response = await fetch(`${server.url}/api/changes?limit=3`, {
    method: "POST",
    headers: { Authorization: "Bearer s3cret", Cookie: "session=s3cret", "Content-Type": "application/json" },
    body: '{"request_text": "s3cret"}',
  });
  await response.text();
  await server.close();
  await world.close();
  expect(lines.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({
      reqId: response.headers.get("x-request-id"),
      req: expect.objectContaining({ method: "POST", url: "/api/changes?limit=3" }),
      res: { status: 401 },
      msg: "request answered",
    }),
  );
  expect(lines.join("")).not.toContain("s3cret");
});
