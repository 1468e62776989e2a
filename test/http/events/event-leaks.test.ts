import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createToken } from "../../../src/actions/manage-tokens.ts";
import { type Follower, follow } from "../stream.ts";
import { changeIn, type Served, serve } from "../support.ts";

let served: Served;
let url: string;
/** Of this test, so that its places are its own. */
let token: string;
beforeAll(async () => {
  served = await serve();
  url = `${served.server.url}/api/events`;
  await served.world.workspace("shop", "/nowhere", []);
});
beforeEach(async () => {
  token = (await createToken(served.world.services, "a client", "read")).token;
});
afterAll(() => served.close());

/** After each way of closing: no stream is open any more, and a client with the same token is told of what happens. */
afterEach(async () => {
  await noneIsOpen();
  // Where a test has killed connections, the first statement on each of the pool fails.
  const follower = await served.world.row(() => follow(url, token).then(Array.of<Follower>, () => []));
  const id = await changeIn(served.world, "provisioning");
  await follower.reaches(1);
  expect(follower.told[0]?.change_id).toBe(id);
  follower.cut();
});

async function noneIsOpen(): Promise<void> {
  await served.world.row(async () => ((await openStreams()) === 0 ? [{}] : []));
}

/** NaN while the database is away. */
async function openStreams(): Promise<number> {
  const { text } = await served.ask("GET", "/metrics");
  return Number(/^fairlead_event_streams (\d+)$/m.exec(text)?.[1]);
}

const asking = (path = "/api/events", bearer = token) =>
  `GET ${path} HTTP/1.1\r\nHost: ${new URL(url).host}\r\nAuthorization: Bearer ${bearer}\r\n\r\n`;

/** A client that has sent this; whatever becomes of its connection is no error of the test's. */
async function client(sent: string, options: { allowHalfOpen?: boolean } = {}): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), ...options }).on("error", () => {});
  await once(socket, "connect");
  socket.write(sent);
  return socket;
}

/** So many clients, fifty at a time. */
async function clients(count: number, act: (number: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += 50) {
    await Promise.all(Array.from({ length: Math.min(50, count - from) }, (_, at) => act(from + at)));
  }
}

/** The first bytes that a client is sent, as text. */
async function firstOf(socket: Socket): Promise<string> {
  const [bytes] = await once(socket, "data");
  return String(bytes);
}

/** Runs while a lock keeps all other sessions from reading a table: each client waits in the statement that reads it. */
async function whileLocked(table: string, act: () => Promise<void>): Promise<void> {
  const session = served.world.database.session();
  await session`begin`;
  await session`lock table ${session(`fairlead.${table}`)} in access exclusive mode`;
  try {
    await act();
  } finally {
    await session`rollback`;
  }
}

test("3,000 clients that close as soon as they have asked", { timeout: 60_000 }, async () => {
  await clients(3000, async (number) => {
    const socket = await client(asking());
    if (number % 3 === 0) socket.destroy();
    else if (number % 3 === 1) socket.resetAndDestroy();
    else socket.end();
  });
});

test("clients that close in the middle of what they ask", async () => {
  await clients(200, async (number) => {
    const socket = await client(asking().slice(0, 10 + number));
    socket.resetAndDestroy();
  });
});

test("clients with a wrong token that close at once", async () => {
  const wrong = `fl_01ARZ3NDEKTSV4RRFFQ69G5FAV_${"x".repeat(43)}`;
  await clients(300, async () => (await client(asking("/api/events", wrong))).resetAndDestroy());
});

test("clients that close while their token is looked up", async () => {
  await whileLocked("api_tokens", async () => {
    await clients(1000, async (number) => {
      const socket = await client(asking());
      if (number % 2 === 0) socket.destroy();
      else socket.resetAndDestroy();
    });
  });
});

test("clients that close while they join the feed hold no place, also before the database answers", async () => {
  let others: Socket[] = [];
  await whileLocked("events", async () => {
    await clients(90, async (number) => {
      const socket = await client(asking(number % 2 === 0 ? "/api/events" : "/api/events?after=0-0"));
      await new Promise((done) => setImmediate(done));
      if (number % 3 === 0) socket.resetAndDestroy();
      else socket.destroy();
    });
    others = await Promise.all(Array.from({ length: 60 }, () => client(asking())));
  });
  for (const answer of await Promise.all(others.map(firstOf))) expect(answer).toContain("200 OK");
  for (const socket of others) socket.destroy();
});

test("clients that close in the middle of what they missed", { timeout: 60_000 }, async () => {
  await served.world.database.sql`
    insert into fairlead.events (xid, entity, entity_id, kind, version, data)
    select '1', 'change', 'x', 'change.test', 1, jsonb_build_object('filler', repeat('x', 1000))
    from generate_series(1, 3000)`;
  await clients(200, async (number) => {
    const socket = await client(asking("/api/events?after=0-0"));
    await firstOf(socket);
    if (number % 2 === 0) socket.resetAndDestroy();
    else socket.destroy();
  });
  await served.world.database.sql`delete from fairlead.events where entity_id = 'x'`;
});

test("clients that close their half, and those that do so and read nothing", async () => {
  await clients(100, async (number) => {
    const socket = await client(asking(), { allowHalfOpen: true });
    await firstOf(socket);
    if (number % 2 === 0) socket.pause();
    socket.end();
    // The server answers with its own end; who doesn't read goes some day.
    if (number % 2 === 0) socket.destroy();
    else await once(socket, "end");
    socket.destroy();
  });
});

test("a client that pipelines anything behind a stream is cut off", async () => {
  for (const path of ["/api/events", "/api/changes", "/healthz", "/nowhere"]) {
    const socket = await client(asking());
    await firstOf(socket);
    socket.write(asking(path));
    await once(socket, "close");
  }
});

test("clients that pipeline streams and other requests, and close or don't", async () => {
  await clients(300, async (number) => {
    const others = [asking(), asking("/api/changes"), asking("/healthz"), asking("/api/events?after=x")];
    const socket = await client(`${asking()}${others[number % 4]}${asking()}`);
    socket.resume();
    if (number % 2 === 0) socket.resetAndDestroy();
    else await once(socket, "close");
  });
});

test("a stream behind a request that is still being answered is served in its turn", async () => {
  const socket = await client(`${asking("/api/changes")}${asking()}`);
  let text = "";
  for await (const bytes of socket) {
    text += String(bytes);
    if (text.includes("retry: 1000")) break;
  }
  expect(text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
  socket.destroy();
});

test("clients that speak HTTP/1.0", async () => {
  await clients(50, async () => {
    const socket = await client(asking().replace("HTTP/1.1", "HTTP/1.0"));
    expect(await firstOf(socket)).toContain("200 OK");
    socket.destroy();
  });
});

test("a token that is revoked ends its streams at once", async () => {
  const { services } = served.world;
  const { row, token: doomed } = await createToken(services, "doomed", "read");
  const followers = await Promise.all(Array.from({ length: 5 }, () => follow(url, doomed)));
  expect(await openStreams()).toBe(5);
  expect((await served.ask("DELETE", `/api/tokens/${row.id}`)).status).toBe(204);
  await Promise.all(followers.map(({ ended }) => ended));
});

test("clients whose database goes away while they join are refused or cut off", async () => {
  // A connection of its own: in the pool, a statement may wait behind one that waits for the lock.
  const killer = served.world.database.session();
  const open: Socket[] = [];
  await whileLocked("events", async () => {
    open.push(...(await Promise.all(Array.from({ length: 30 }, () => client(asking())))));
    let left = open.length;
    for (const socket of open) {
      const over = () => {
        left -= 1;
        socket.removeAllListeners("data").off("close", over).resume();
      };
      // The feed may be read still for a client of the test before: then a stream begins, and ends in its first read.
      socket.on("data", (bytes) => String(bytes).includes("503 Service Unavailable") && over()).once("close", over);
    }
    await served.world.row(async () => {
      await killer`select pg_terminate_backend(pid) from pg_stat_activity
        where query like '%fairlead.events%' and wait_event_type = 'Lock' and datname = current_database()`;
      return left === 0 ? [{}] : [];
    });
  });
  // Those that were refused have their connections still, and hold no place.
  await noneIsOpen();
  for (const socket of open) socket.destroy();
});
