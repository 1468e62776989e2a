import { expect, test } from "vitest";
import { makeApp } from "../../src/http/app.ts";
import { listen } from "../../src/http/listen.ts";
import { follow } from "./stream.ts";
import { changeIn, serve } from "./support.ts";

test("a port that is in use is refused with what to do about it", async () => {
  const served = await serve();
  const { services } = served.world;
  const app = makeApp(services, { log: services.log, ready: async () => true });
  const { hostname, port } = new URL(served.server.url);
  await expect(listen(app, { host: hostname, port: Number(port) })).rejects.toMatchObject({
    code: "PORT_IN_USE",
    message: expect.stringContaining("FAIRLEAD_PORT"),
  });
  await expect(listen(app, { host: "192.0.2.1", port: 0 })).rejects.toMatchObject({ code: "ADDRESS_UNUSABLE" });
  await served.close();
});

test("closing ends event streams and lets go within two seconds, whatever is under way", async () => {
  const served = await serve();
  await served.world.workspace("shop", "/nowhere", []);
  const id = await changeIn(served.world, "implementing");
  const follower = await follow(`${served.server.url}/api/events`, served.tokens.read, "0-0");
  await follower.reaches(1);
  // A request that waits for a lock which nobody releases.
  const locked = served.world.database.session();
  await locked`begin`;
  await locked`lock table fairlead.log_chunks in access exclusive mode`;
  const stuck = served.ask("GET", `/api/changes/${id}/log`).catch(() => "cut");
  const at = performance.now();
  await served.server.close();
  expect(performance.now() - at).toBeLessThan(2000);
  await follower.ended;
  expect(await stuck).toBe("cut");
  await locked`rollback`;
  await served.world.close();
});
