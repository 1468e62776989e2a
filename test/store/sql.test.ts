import { afterAll, beforeAll, expect, test } from "vitest";
import { faultOf } from "../../src/store/sql.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await database.sql`
    create function public.fails_with(code text) returns void language plpgsql as $$
      begin raise exception 'refused' using errcode = code; end $$`;
});
afterAll(() => database.drop());

/** What an error with this SQLSTATE has become on its way from the server. */
async function faultWith(code: string): Promise<unknown> {
  return await database.sql`select public.fails_with(${code})`.then(
    () => null,
    (error: unknown) => faultOf(error),
  );
}

test.each([
  ["a full disk", "53100"],
  ["no memory left", "53200"],
  ["too many connections", "53300"],
  ["a limit of the configuration", "53400"],
  ["a lost connection", "08006"],
  ["a server that shuts down", "57P01"],
  ["a server that crashed", "57P02"],
  ["a server that comes up", "57P03"],
  ["a deadlock", "40P01"],
  ["a lock timeout", "55P03"],
  ["a failed serialization", "40001"],
])("%s passes, so work goes on later", async (_, code) => {
  expect(await faultWith(code)).toMatchObject({ code: "DATABASE_UNAVAILABLE", kind: "unavailable" });
});

test.each([
  ["a cancelled statement", "57014"],
  ["a failed assertion", "P0004"],
])("%s does not pass by itself, and stays the error that it is", async (_, code) => {
  expect(await faultWith(code)).toMatchObject({ name: "PostgresError", code });
});

test.each<[string, () => PromiseLike<unknown>]>([
  ["a NUL character in a text", () => database.sql`select ${"a\0b"}::text`],
  ["a NUL character in JSON", () => database.sql`select ${database.sql.json({ a: "\0" })}::jsonb`],
  ["half of a character in JSON", () => database.sql`select ${database.sql.json({ a: "\ud800" })}::jsonb`],
  ["a number that is too large", () => database.sql`select ${"3000000000"}::text::integer`],
  ["a cost that is too large", () => database.sql`select ${"1e12"}::text::numeric(12, 6)`],
  ["JSON that is nested too deep", () => database.sql`select (repeat('[', 50000) || repeat(']', 50000))::jsonb`],
])("%s is the caller's to mend", async (_what, statement) => {
  const error = await statement().then(() => null, faultOf);
  expect(error).toMatchObject({ code: "ARGUMENT_INVALID", kind: "invalid" });
});
