import { once } from "node:events";
import { connect as connectSocket, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { connect } from "../../src/store/sql.ts";
import { testDatabase } from "../support/database.ts";

test("a connection that closes while a statement is about to leave is made anew", async () => {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  const connecting = vi.spyOn(Socket.prototype, "connect");
  const sql = connect(database.url, { max: 1 });
  onTestFinished(() => sql.end({ timeout: 1 }));
  await sql`select 1`;
  const own = connecting.mock.contexts[0] as Socket;
  connecting.mockRestore();

  const { hostname, port } = new URL(database.url);
  const other = connectSocket(Number(port), hostname);
  await once(other, "connect");
  const lost = once(other, "close").then(() => sql`select 1`);
  // Their ends are told in one go, the later one's first: the statement is written down, and then the connection is gone.
  own.destroy();
  other.destroy();
  await expect(lost).rejects.toThrow("CONNECTION_CLOSED");
  expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
});

test("each statement is answered while connections are ended at any moment", async () => {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  const killer = database.session();
  const until = performance.now() + 6_000;
  const killing = (async () => {
    while (performance.now() < until) {
      await killer`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`;
      await delay(Math.random() * 12);
    }
  })();
  let answered = 0;
  while (performance.now() < until) {
    const sql = connect(database.url, { max: 1 });
    for (let count = 0; count < 5; count += 1) {
      const answer = sql`select 1`.then(
        () => "answered",
        () => "answered",
      );
      expect(await Promise.race([answer, delay(10_000, "nothing", { ref: false })])).toBe("answered");
      answered += 1;
    }
    await sql.end({ timeout: 1 });
  }
  await killing;
  expect(answered).toBeGreaterThan(20);
}, 40_000);
