import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPostgres } from "../../../src/providers/postgres/open-postgres.ts";
import type { PostgresHandle } from "../../../src/providers/postgres/port.ts";
import { newHome, query, removeHome } from "./homes.ts";

let home = "";
let server: PostgresHandle;

beforeAll(async () => {
  home = await newHome();
  server = await openPostgres({ home, databaseUrl: undefined });
}, 40_000);

afterAll(async () => {
  await server.close();
  await removeHome(home);
}, 40_000);

const open = (databaseUrl: string) => openPostgres({ home, databaseUrl });

test("a database that answers is used as it is, and left running", async () => {
  const given = await open(server.url);
  expect(given).toMatchObject({ url: server.url, embedded: false });
  await given.close();
  expect(await query(server.url, "select 1 as alive")).toEqual([{ alive: 1 }]);
});

test("the check leaves no session and no lock behind", async () => {
  await open(server.url);
  const own = "select count(*)::int as sessions from pg_stat_activity where datname = 'fairlead'";
  await expect.poll(() => query(server.url, own)).toEqual([{ sessions: 1 }]);
});

test("a database that doesn't answer is named by host and port, without the password", async () => {
  const port = await closedPort();
  const error: unknown = await open(`postgres://me:s3cret@127.0.0.1:${port}/app`).catch((caught: unknown) => caught);
  expect(error).toMatchObject({
    code: "POSTGRES_UNREACHABLE",
    kind: "unavailable",
    message: expect.stringContaining(`127.0.0.1:${port}`),
  });
  expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain("s3cret");
}, 15_000);

test("a wrong password is told at once, and not repeated", async () => {
  const error: unknown = await open(server.url.replace(/:[0-9a-f]{48}@/, ":s3cret@")).catch(
    (caught: unknown) => caught,
  );
  expect(error).toMatchObject({ code: "POSTGRES_REFUSED", message: expect.stringContaining("DATABASE_URL") });
  expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain("s3cret");
});

test("a database that isn't there is told at once", async () => {
  await expect(open(server.url.replace(/fairlead$/, "elsewhere"))).rejects.toMatchObject({ code: "POSTGRES_REFUSED" });
});

test.each(["s3cret", "http://me:s3cret@host/app", "postgres://me:s3cret@:::/app", ""])(
  "%j is no Postgres URL, and is not repeated",
  async (url) => {
    const error: unknown = await open(url).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "POSTGRES_URL_INVALID" });
    expect(String(error)).not.toContain("s3cret");
  },
);

async function closedPort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
