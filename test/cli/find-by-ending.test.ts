import { afterAll, beforeAll, expect, test } from "vitest";
import { makePlace, type Place } from "./fairlead.ts";

let place: Place;
beforeAll(async () => {
  place = await makePlace();
});
afterAll(() => place.remove());

test("an ending finds one among thousands, and is no answer where two have it", async () => {
  const { sql } = place.database;
  await sql`
    insert into fairlead.api_tokens (id, name, role, hash)
    select '01' || lpad(n::text, 24, '0'), 'token ' || n, 'read', sha256(n::text::bytea)
    from generate_series(10001, 20010) as n`;
  expect((await place.fairlead(["token", "revoke", "10001"])).out).toMatch(/ \(token 10001\) is revoked\n$/);
  const two = await place.fairlead(["token", "revoke", "0002"]);
  expect([two.code, two.err]).toEqual([2, expect.stringContaining("(ID_AMBIGUOUS)")]);
  expect((await place.fairlead(["token", "revoke", "500"])).err).toContain("give four characters or more");
});
