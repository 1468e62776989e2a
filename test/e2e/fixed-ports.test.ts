import { existsSync } from "node:fs";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { createServer as createWebServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { ChangeId } from "../../src/domain/ids.ts";
import { makeWorld, type World, write } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld({ FAIRLEAD_LOG_LEVEL: "error", FAIRLEAD_PREVIEW_TIMEOUT_SECONDS: "5" });
  await world.startWorker();
});
afterAll(() => world.close());

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await world.row(async () => (server.listening ? [{}] : []));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("of two previews that insist on one port, only the one that has it is deployed, and the other leaves nothing", async () => {
  const { sql } = world.database;
  const port = await freePort();
  const go = join(world.home, "go");
  const asked = join(world.home, "asked");
  // It listens once its environment is named in a file.
  const app = `const { appendFileSync, readFileSync } = require("node:fs");
    const server = require("node:http").createServer((_, response) => {
      appendFileSync(${JSON.stringify(asked)}, ".");
      response.end(process.cwd());
    });
    const waiting = setInterval(() => {
      const named = readFileSync(${JSON.stringify(go)}, "utf8").split(" ");
      if (!named.some((name) => name !== "" && process.cwd().includes(name))) return;
      clearInterval(waiting);
      server.listen(${port}, "127.0.0.1");
    }, 20);`;
  await writeFile(go, "");
  const blueprint = JSON.stringify({ start: ["node", "app.cjs"], port });
  const remote = await world.repository({ "app.cjs": app, ".fairlead.json": blueprint });
  await world.workspace("insists", remote, [[write("a", "a")]]);
  const ids = [await world.request("insists", "One"), await world.request("insists", "Another")];
  await world.row(async () => {
    const started = await sql`select from fairlead.resources
      where change_id = any(${ids}) and kind = 'port' and state = 'present'`;
    return started.length === 2 ? [{}] : [];
  });
  const [one, another] = await Promise.all(ids.map((id) => world.change(id)));
  await writeFile(go, String(one?.environmentId));
  const deployed = await world.reaches(one?.id as ChangeId, "deployed");
  await truncate(asked);
  // The other hears from the first one's app again and again, and is not taken in.
  await world.row(async () => ((await readFile(asked)).length > 3 ? [{}] : []));
  expect((await world.change(another?.id as ChangeId)).status).toBe("implementing");
  await writeFile(go, `${one?.environmentId} ${another?.environmentId}`);
  const failed = await world.reaches(another?.id as ChangeId, "failed");
  expect(failed).toMatchObject({ failureKind: "preview", failureMessage: expect.stringContaining("EADDRINUSE") });
  expect(await (await fetch(deployed.previewUrl ?? "")).text()).toContain(deployed.environmentId);

  await world.cleaned(failed.id);
  expect(await sql`select kind, name from fairlead.leaks where change_id = ${failed.id}`).toEqual([]);
  expect((await fetch(deployed.previewUrl ?? "")).status).toBe(200);
});

test("an app that lives on while another program answers in its place fails the change, and says so", async () => {
  const port = await freePort();
  const started = join(world.home, "started");
  const blueprint = JSON.stringify({ start: ["sh", "-c", `touch ${started}; exec sleep 600`], port });
  await world.workspace("mute", await world.repository({ ".fairlead.json": blueprint }), [[write("a", "a")]]);
  const id = await world.request("mute", "x");
  await world.row(async () => (existsSync(started) ? [{}] : []));
  const server = createWebServer((_, response) => response.end("mine"));
  server.listen(port, "127.0.0.1");
  onTestFinished(() => void server.close());
  const change = await world.reaches(id, "failed");
  expect(change.failureKind).toBe("preview");
  expect(change.failureMessage).toContain("another program listens on that port");
});
