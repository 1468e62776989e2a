import { afterAll, beforeAll, expect, test } from "vitest";
import { adminOf } from "../support/postgres/logins.ts";
import { setOddDefaults } from "../support/postgres/odd-defaults.ts";
import { makePlace, type Place } from "./fairlead.ts";

let place: Place;
beforeAll(async () => {
  place = await makePlace();
});
afterAll(() => place.remove());

async function findings(
  env: Readonly<Record<string, string>> = {},
): Promise<Record<string, { state: string; found: string; advice: string | null }>> {
  const { out } = await place.fairlead(["doctor", "--json"], { env });
  const checks: { check: string; state: string; found: string; advice: string | null }[] = JSON.parse(out).checks;
  return Object.fromEntries(checks.map(({ check, ...rest }) => [check, rest]));
}

test("doctor shows what no session can set, and that all is well where it is", async () => {
  const found = await findings();
  expect(found).toMatchObject({
    durability: { state: "good" },
    role: { state: "good", found: "fairlead" },
    connections: { state: "good", found: "197 at once" },
  });
  expect(Object.keys(found)).not.toContain("not ours");
  expect(Object.keys(found)).not.toContain("session defaults");
});

test("doctor names what others have put on our tables, what sessions are given, and limits that are too low", async () => {
  const { sql, url } = place.database;
  const admin = await adminOf(url);
  await admin.query(`
    create function public.audit() returns trigger language plpgsql as $$ begin return new; end $$;
    create trigger audit before insert on fairlead.workspaces for each row execute function public.audit();
    create policy mine on fairlead.events using (true);
    create function public.watch() returns event_trigger language plpgsql as $$ begin end $$;
    create event trigger watch on ddl_command_end execute function public.watch()`);
  await setOddDefaults(url, ["DateStyle", "default_transaction_isolation", "search_path"]);
  await sql`alter database ${sql(new URL(url).pathname.slice(1))} connection limit 15`.simple();
  expect(await findings()).toMatchObject({
    "not ours": { state: "note", found: "events.mine, workspaces.audit, event trigger watch" },
    "session defaults": {
      state: "good",
      found: expect.stringMatching(/^DateStyle=german, dmy, default_transaction_isolation=serializable, search_path=/),
    },
    connections: { state: "bad", found: "15 at once" },
  });
});

test("a schema for the queue that is not the database's, or that can't be one, is refused by every command", async () => {
  const elsewhere = { FAIRLEAD_QUEUE_SCHEMA: "elsewhere" };
  const listing = await place.fairlead(["ls", "--json"], { env: elsewhere });
  expect(listing.code).toBe(4);
  expect(JSON.parse(listing.err)).toMatchObject({
    error: { code: "QUEUE_ELSEWHERE", details: { there: "fairlead_worker" } },
  });
  expect(await findings(elsewhere)).toMatchObject({ queue: { state: "bad", found: "fairlead_worker" } });
  expect((await place.fairlead(["ls"], { env: { FAIRLEAD_QUEUE_SCHEMA: "fairlead_worker" } })).code).toBe(0);
  for (const name of ["Fairlead", "a-b", "pg_queue", "public", "fairlead", 'a"; drop', "x".repeat(64)]) {
    const ran = await place.fairlead(["ls", "--json"], { env: { FAIRLEAD_QUEUE_SCHEMA: name } });
    expect(JSON.parse(ran.err), name).toMatchObject({ error: { code: "SETTINGS_INVALID" } });
  }
});

test("doctor names migrations that were changed, or that it doesn't know", async () => {
  const { sql } = place.database;
  await sql`update fairlead.migrations set checksum = 'x' where name = '0001_kernel'`;
  expect((await findings()).migrations).toMatchObject({
    state: "bad",
    found: "0001_kernel",
    advice: expect.stringContaining("was changed after"),
  });
  await sql`insert into fairlead.migrations (name, run_on) values ('9999_future', now())`;
  expect((await findings()).migrations).toMatchObject({ state: "bad", found: "9999_future is not known here" });
});
