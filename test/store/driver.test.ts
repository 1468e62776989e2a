import { once } from "node:events";
import { connect as connectSocket, Socket } from "node:net";
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
