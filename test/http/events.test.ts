import { afterAll, beforeAll, expect, test } from "vitest";
import { createToken } from "../../src/actions/manage-tokens.ts";
import { newestCursor } from "../../src/store/events.ts";
import { follow } from "./stream.ts";
import { changeIn, type Served, serve } from "./support.ts";

let served: Served;
let url: string;
beforeAll(async () => {
  served = await serve();
  url = `${served.server.url}/api/events`;
  for (const name of ["shop", "blog"]) await served.world.workspace(name, "/nowhere", []);
});
afterAll(() => served.close());

/** Where a reader stands that has been told of everything: a transaction of another test may hold it back a little. */
async function position(): Promise<string> {
  const { sql } = served.world.database;
  const deadline = AbortSignal.timeout(10_000);
  while (!deadline.aborted) {
    const cursor = await newestCursor(sql);
    const rows = await sql`select from fairlead.events where xid::text || '-' || seq = ${cursor}
      and (xid, seq) = (select xid, seq from fairlead.events order by events.xid desc, events.seq desc limit 1)`;
    if (rows.length === 1) return cursor;
  }
  throw new Error("a transaction holds the events back");
}

test("a new client is told at once of what comes, and of nothing before", async () => {
  await changeIn(served.world, "deployed");
  await position();
  const follower = await follow(url, served.tokens.read);
  const at = performance.now();
  const id = await changeIn(served.world, "provisioning");
  await follower.reaches(3);
  expect(performance.now() - at).toBeLessThan(5000);
  expect(new Set(follower.told.map(({ change_id }) => change_id))).toEqual(new Set([id]));
  follower.cut();
});

test("a client that was cut before its first event misses none", async () => {
  await position();
  const follower = await follow(url, served.tokens.read);
  const { promise, resolve } = Promise.withResolvers<void>();
  const poll = setInterval(() => follower.lastEventId() !== "" && resolve(), 5);
  await promise;
  clearInterval(poll);
  follower.cut();
  const id = await changeIn(served.world, "provisioning");
  const resumed = await follow(url, served.tokens.read, follower.lastEventId());
  await resumed.reaches(3);
  expect(resumed.told.every(({ change_id }) => change_id === id)).toBe(true);
  resumed.cut();
});

test("a filter lets only the events of one workspace or one change through, past and to come", async () => {
  const from = await position();
  const mine = await changeIn(served.world, "implementing");
  const byWorkspace = await follow(`${url}?workspace=blog&after=${from}`, served.tokens.read);
  const byChange = await follow(`${url}?change=${mine}&after=${from}`, served.tokens.read);
  const other = await changeIn(served.world, "deployed", "blog");
  await served.world.database.sql`update fairlead.change_requests set status = 'deployed' where id = ${mine}`;
  await byChange.reaches(6);
  await byWorkspace.reaches(6);
  expect(byChange.told.every(({ change_id }) => change_id === mine)).toBe(true);
  expect(byChange.told.at(-1)?.kind).toBe("change.deployed");
  expect(byWorkspace.told.every(({ change_id }) => change_id === other)).toBe(true);
  byChange.cut();
  byWorkspace.cut();
});

test("a cursor that is none is refused", async () => {
  for (const id of ["x", "1", "1-", "99999999999999999999-1"]) {
    const { status, body } = await served.ask("GET", "/api/events", { headers: { "Last-Event-ID": id } });
    expect([id, status, body.code]).toEqual([id, 400, "REQUEST_INVALID"]);
  }
});

test("the streams of one token can't use up the limit for all others", async () => {
  const followers = await Promise.all(Array.from({ length: 100 }, () => follow(url, served.tokens.read)));
  const { status, body } = await served.ask("GET", "/api/events", { as: "read" });
  expect([status, body.code, body.limit]).toEqual([429, "TOO_MANY_STREAMS", 100]);
  const other = await follow(url, served.tokens.admin);
  for (const follower of [...followers, other]) follower.cut();
});

test("at most 500 clients may follow events at once", { timeout: 60_000 }, async () => {
  const { services } = served.world;
  const tokens = await Promise.all(Array.from({ length: 5 }, (_, at) => createToken(services, `client ${at}`, "read")));
  const followers = await Promise.all(
    tokens.flatMap(({ token }) => Array.from({ length: 100 }, () => follow(url, token))),
  );
  const { status, body } = await served.ask("GET", "/api/events");
  expect([status, body.code, body.limit]).toEqual([429, "TOO_MANY_STREAMS", 500]);
  for (const follower of followers) follower.cut();
});
