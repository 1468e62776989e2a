import { once } from "node:events";
import { request } from "node:http";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { isAfter } from "../../src/http/events/cursor.ts";
import { connect } from "../../src/store/sql.ts";
import { type Follower, follow, type Told } from "./stream.ts";
import { type Served, serve } from "./support.ts";

let served: Served;
let url: string;
beforeAll(async () => {
  served = await serve();
  url = `${served.server.url}/api/events`;
  for (const name of ["shop", "blog"]) await served.world.workspace(name, "/nowhere", []);
});
afterAll(() => served.close());

/** Moves changes about on a connection of its own: most at once, some held open and committed late. */
async function writeEvents(writer: number, changes: number): Promise<void> {
  const sql = connect(served.world.database.url, { max: 1 });
  for (let number = 0; number < changes; number += 1) {
    await sql.begin(async (held) => {
      const [row] = await held<{ id: string }[]>`insert into fairlead.change_requests (workspace, request_text)
        values (${writer % 2 === 0 ? "shop" : "blog"}, 'a change') returning id`;
      const isHeld = number % 5 === writer % 5;
      if (isHeld) await held`select pg_sleep(0.06)`;
      await held`update fairlead.change_requests set status = 'failed' where id = ${row?.id ?? ""}`;
    });
    await sql`update fairlead.change_requests set status = 'pending' where id =
      (select id from fairlead.change_requests where status = 'failed' order by random() limit 1
        for update skip locked)`;
  }
  await sql.end();
}

async function allEvents(): Promise<Told[]> {
  const { sql } = served.world.database;
  return sql<Told[]>`select xid::text || '-' || seq as cursor, kind, entity, entity_id, change_id, workspace, version
    from fairlead.events order by events.xid, events.seq`.then((rows) => [...rows]);
}

function keysOf(told: readonly Told[]): string[] {
  return told.map(({ cursor }) => cursor);
}

async function position(): Promise<string> {
  const all = await allEvents();
  return all.at(-1)?.cursor ?? "0-0";
}

/** Follows, is cut after a few events, now more and now fewer, resumes where it stood, until it has been told of the last event. */
async function followWithCuts(from: string, done: () => string | null): Promise<{ told: Told[]; cuts: number }> {
  const told: Told[] = [];
  let last = from;
  let cuts = 0;
  const deadline = AbortSignal.timeout(25_000);
  const isLast = (cursor: string) => {
    const end = done();
    return end !== null && !isAfter(end, cursor);
  };
  while (!deadline.aborted) {
    const follower: Follower = await follow(url, served.tokens.read, last);
    const wanted = 1 + ((cuts * 7) % 30);
    const isEnough = () => follower.told.length >= wanted || isLast(follower.lastEventId());
    await vi.waitUntil(isEnough, { timeout: 20_000, interval: 5 });
    follower.cut();
    await follower.ended;
    told.push(...follower.told);
    last = follower.lastEventId();
    cuts += 1;
    if (isLast(last)) return { told, cuts };
  }
  throw new Error(`it never came to the end: told of ${told.length} in ${cuts} connections`);
}

test("under concurrent commits, clients that are cut again and again see every event once and in order", async () => {
  const from = await position();
  let end: string | null = null;
  const following = [1, 2, 3].map(() => followWithCuts(from, () => end));
  const steady = await follow(url, served.tokens.read, from);
  await Promise.all(Array.from({ length: 8 }, (_, writer) => writeEvents(writer, 25)));
  end = await position();
  const expected = keysOf((await allEvents()).filter(({ cursor }) => isAfter(cursor, from)));
  expect(expected.length).toBeGreaterThan(800);
  for (const { told, cuts } of await Promise.all(following)) {
    expect(cuts).toBeGreaterThan(3);
    expect(keysOf(told)).toEqual(expected);
  }
  await steady.reaches(expected.length);
  steady.cut();
  expect(keysOf(steady.told)).toEqual(expected);
  const versions = new Map<string, number>();
  for (const { entity_id, version } of steady.told) {
    expect(version).toBe((versions.get(entity_id) ?? 0) + 1);
    versions.set(entity_id, version);
  }
});

test("a client that does not read is cut off, and resumes with every event", async () => {
  const { sql } = served.world.database;
  const from = await position();
  const ask = request(url, { headers: { Authorization: `Bearer ${served.tokens.read}` } });
  const [response] = await once(ask.end(), "response");
  response.pause();
  const closed = new Promise((resolve) => response.once("close", resolve));
  response.on("error", () => {});
  const streams = async () => /fairlead_event_streams (\d+)/.exec((await served.ask("GET", "/metrics")).text)?.[1];
  // The kernel's buffers take several megabytes before anything waits in the server.
  const texts = "x".repeat(9000);
  for (let round = 0; round < 100 && (await streams()) === "1"; round += 1) {
    await sql`insert into fairlead.change_requests (workspace, request_text)
      select 'shop', ${texts} from generate_series(1, 60)`;
  }
  expect(await streams()).toBe("0");
  response.resume();
  await closed;
  const expected = (await allEvents()).filter(({ cursor }) => isAfter(cursor, from));
  const resumed = await follow(url, served.tokens.read, from);
  await resumed.reaches(expected.length);
  expect(keysOf(resumed.told)).toEqual(keysOf(expected));
  resumed.cut();
});
