import { afterAll, beforeAll, expect, test } from "vitest";
import { filesOn, gitIn, makeWorld, type World, write } from "../support/world.ts";

let waiting: World;
let asking: World;
beforeAll(async () => {
  waiting = await makeWorld();
  asking = await makeWorld({ FAIRLEAD_ON_USAGE_LIMIT: "ask" });
  await waiting.startWorker();
  await asking.startWorker();
});
afterAll(async () => {
  await waiting.close();
  await asking.close();
});

test("a usage limit is waited out, with the changes of that credential that have not begun, and no work is done twice", async () => {
  const { sql } = waiting.database;
  const limit = { do: "limit", resetsInMs: 4000 };
  const remote = await waiting.repository();
  await waiting.workspace("limited", remote, [[write("half", "1"), limit]]);
  const id = await waiting.request("limited", "First");
  await waiting.row(async () => ((await waiting.change(id)).waitsUntil === null ? [] : [{}]));
  const { waitsUntil, status } = await waiting.change(id);
  expect(status).toBe("implementing");
  const [shown] = await sql`select waiting_for from fairlead.change_board where id = ${id}`;
  expect(shown?.waitingFor).toMatch(/usage limit, which resets at \d{4}-/);
  expect(await sql`select from fairlead.jobs where key = ${id} and run_at > now()`).toHaveLength(1);

  await sql`update fairlead.workspaces set agent_settings = ${sql.json({ rounds: [[write("rest", "2")]] })}
    where name = 'limited'`;
  const other = await waiting.request("limited", "Second");
  await waiting.row(async () => ((await waiting.change(other)).waitsUntil === null ? [] : [{}]));
  expect(Math.abs(Number((await waiting.change(other)).waitsUntil) - Number(waitsUntil))).toBeLessThan(2);

  const done = await waiting.reaches(id, "deployed");
  await waiting.reaches(other, "deployed");
  expect(Date.now()).toBeGreaterThan(Number(waitsUntil));
  expect(await filesOn(remote, done.branchName)).toEqual(["half", "index.html", "rest"]);
  const runs = await sql<{ changeId: string; name: string }[]>`
    select change_id, name from fairlead.resources
    where change_id in (${id}, ${other}) and kind = 'process' and name like 'agent-%' order by change_id, name`;
  expect(runs.map(({ changeId, name }) => [changeId === id, name])).toEqual([
    [true, "agent-1"],
    [true, "agent-1-continued-1"],
    [false, "agent-1"],
  ]);
  const credentials = await sql<{ credential: string }[]>`select credential from fairlead.usage_limits`;
  expect(credentials.map(({ credential }) => credential)).toEqual(["scripted"]);
});

test("where people want to be asked, a usage limit fails the change, says until when, and keeps the work", async () => {
  const remote = await asking.repository();
  await asking.workspace("asked", remote, [[write("half", "1"), { do: "limit", resetsInMs: 3_600_000 }]]);
  const change = await asking.reaches(await asking.request("asked", "x"), "failed");
  expect(change).toMatchObject({ failureKind: "agent", failedIn: "implementing", waitsUntil: null });
  expect(change.failureMessage).toMatch(/usage limit.* Retry after \d{4}-/);
  const [listed] = await asking.database.sql`select asked_for from fairlead.waiting_on_people where id = ${change.id}`;
  expect(listed?.askedFor).toMatch(/retry/);
  await asking.cleaned(change.id);
  expect(await gitIn(remote, "show", `${change.branchName}:half`)).toBe("1");
});
