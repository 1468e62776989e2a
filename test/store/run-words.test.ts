import { afterAll, beforeAll, expect, test } from "vitest";
import { reconcile } from "../../src/store/jobs.ts";
import { registerPlan } from "../../src/store/runs/plans.ts";
import { cancelRun, findRun, retryRun, settleBegun } from "../../src/store/runs/runs.ts";
import {
  answerStep,
  enterStage,
  settleStopped,
  settleWaiting,
  startSubrun,
  wakeStep,
} from "../../src/store/runs/steps.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { planOf, step } from "../support/plans.ts";
import { allSteps } from "../support/runs.ts";
import { runsIn, word } from "./runs-support.ts";

let database: TestDatabase;
let runs: ReturnType<typeof runsIn>;
beforeAll(async () => {
  database = await testDatabase();
  runs = runsIn(database.sql);
});
afterAll(() => database.drop());

test("a cancellation and settlements at once leave nothing that is not settled or being stopped", async () => {
  for (let round = 0; round < 10; round += 1) {
    const plan = planOf(["a", "b", "c", "d"].flatMap((id) => [step(id), step(`${id}2`, [id], { retries: 1 })]));
    const run = await runs.begun(plan);
    await Promise.all([
      runs.succeed(run, "a"),
      runs.fail(run, "b"),
      cancelRun(database.sql, word(run), false),
      runs.succeed(run, "c"),
      runs.fail(run, "d"),
    ]);
    const rows = await allSteps(database.sql, run.id);
    const open = rows.filter(({ status, task }) => ["pending", "waiting"].includes(status) || task === "run_step");
    expect(open.map(({ key, status }) => [key, status])).toEqual([]);
    const running = rows.filter(({ status }) => status === "running").length;
    expect((await findRun(database.sql, run.id))?.unfinished).toBe(running);
  }
});

test("a run that has not begun is cancelled at once; one that has ended can't be", async () => {
  const run = await runs.started(planOf([step("a")]));
  expect(await cancelRun(database.sql, word(run), false)).toMatchObject({
    status: "cancelled",
    failureMessage: "cancelled by ann",
  });
  expect(await runs.statuses(run)).toEqual({ a: "cancelled" });
  await expect(cancelRun(database.sql, word(run), false)).rejects.toMatchObject({ code: "FL001" });
  const [environment] = await database.sql`select status from fairlead.environments where run_id = ${run.id}`;
  expect(environment?.status).toBe("terminating");
});

test("an update to cancelled from psql ends a run and all that is in it", async () => {
  const run = await runs.begun(planOf([step("a"), step("b", ["a"])]));
  await database.sql`update fairlead.runs set status = 'cancelled' where id = ${run.id}`;
  expect(await runs.statuses(run)).toEqual({ a: "running", b: "cancelled" });
  expect((await runs.at(run, "a")).task).toBe("stop_step");
});

test("only what has ended can be retried, from a step that there is, and not beside what it belongs to", async () => {
  const { sql } = database;
  const run = await runs.begun(planOf([step("a")]));
  await expect(retryRun(sql, word(run), null)).rejects.toMatchObject({ code: "FL001" });
  await runs.succeed(run, "a");
  await expect(retryRun(sql, word(run), null)).rejects.toMatchObject({ code: "FL001" });
  await expect(retryRun(sql, word(run), "b")).rejects.toMatchObject({ code: "FL003" });
  expect((await retryRun(sql, word(run), "a")).status).toBe("pending");
  expect(await runs.statuses(run)).toEqual({ a: "pending" });

  const calls = planOf([{ ...step("call"), kind: "plan", plan: "test", variables: {} } as never], { plan_id: "calls" });
  const parent = await runs.begun(calls);
  const child = await startSubrun(sql, await runs.at(parent, "call"), {
    planId: "test",
    variables: {},
    timeoutSec: 60,
  });
  if (child === null) throw new Error("it was not started");
  const inner = await findRun(sql, child);
  if (inner === null) throw new Error("it is not there");
  await runs.fail(inner, "a");
  expect(await runs.at(parent, "call")).toMatchObject({ status: "failed", failureKind: "plan" });
  await expect(retryRun(sql, word(inner), null)).rejects.toThrow(`belongs to a step of run ${parent.id}`);
});

test("of an approval and a rejection at once one counts", async () => {
  const run = await runs.begun(planOf([step("ask"), step("after", ["ask"])]));
  const asked = { for: "approval", message: "?", who: [] } as const;
  await settleWaiting(database.sql, await runs.at(run, "ask"), asked, { seconds: null });
  const say = (said: string) =>
    answerStep(database.sql, { runId: run.id, step: null, word: said, by: "ann", note: null, seenVersion: null });
  const results = await Promise.allSettled([say("approve"), say("reject"), say("approve")]);
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  const isApproved = results[1]?.status === "rejected";
  expect(await runs.statuses(run)).toEqual(
    isApproved ? { ask: "succeeded", after: "running" } : { ask: "failed", after: "skipped" },
  );
});

test("an answer to a question of an earlier round is refused", async () => {
  const { sql } = database;
  const run = await runs.begun(planOf([step("ask", [], { retries: 1 })]));
  await settleWaiting(sql, await runs.at(run, "ask"), { for: "approval", message: "?", who: [] }, { seconds: 0 });
  const { version } = await runs.at(run, "ask");
  await wakeStep(sql, await runs.at(run, "ask")); // the deadline passed without an answer, and it asks again
  await wakeStep(sql, await runs.at(run, "ask"));
  await runs.ask(run);
  const late = { runId: run.id, step: "ask", word: "approve", by: "ann", note: null, seenVersion: version };
  await expect(answerStep(sql, late)).rejects.toMatchObject({ code: "FL002" });
  const now = { ...late, seenVersion: (await runs.at(run, "ask")).version };
  expect((await answerStep(sql, now)).status).toBe("succeeded");
});

test("a question of a plan that is called is answered by the id of either run", async () => {
  const { sql } = database;
  await registerPlan(sql, planOf([step("ask")], { plan_id: "asks" }));
  const calls = { ...step("call"), kind: "plan", plan: "asks", variables: {} } as never;
  const outer = await runs.begun(planOf([calls], { plan_id: "calls-who-asks" }));
  const child = await startSubrun(sql, await runs.at(outer, "call"), { planId: "asks", variables: {}, timeoutSec: 60 });
  const inner = await findRun(sql, child ?? ("" as never));
  if (inner === null) throw new Error("it was not started");
  await runs.ask(inner);
  const said = { runId: outer.id, step: "ask", word: "approve", by: "ann", note: null, seenVersion: null };
  expect((await answerStep(sql, said)).runId).toBe(inner.id);
  expect((await findRun(sql, outer.id))?.status).toBe("succeeded");
});

test("a cancellation that met a step which another transaction held reaches it nevertheless", async () => {
  const run = await runs.begun(planOf([step("ask"), step("long")]));
  await runs.ask(run);
  const session = database.session();
  await session`begin`;
  await session`select from fairlead.steps where run_id = ${run.id} for update`;
  await cancelRun(database.sql, word(run), true);
  await session`rollback`;
  expect(await runs.statuses(run)).toEqual({ ask: "waiting", long: "running" });
  await reconcile(database.sql);
  expect(await runs.statuses(run)).toEqual({ ask: "cancelled", long: "running" });
  expect((await runs.at(run, "long")).task).toBe("stop_step");
  await settleStopped(database.sql, await runs.at(run, "long"));
  expect(await findRun(database.sql, run.id)).toMatchObject({ status: "cancelled", unfinished: 0 });
});

const staged = planOf([step("one", [], { stage: "A" }), step("two", ["one"], { stage: "B" })], {
  plan_id: "staged",
  stages: {
    initial: "NEW",
    moves: { NEW: ["A"], A: ["B"], B: [], DONE: [], LOST: [], GONE: [] },
    ends: { succeeded: "DONE", failed: "LOST", cancelled: "GONE" },
  },
});

test("a run enters the stage of a step once for each attempt, and goes on from a retry in whichever comes next", async () => {
  const { sql } = database;
  const run = await runs.started(staged, { folder: "/" });
  await settleBegun(sql, run);
  const stage = async () => (await findRun(sql, run.id))?.stage;
  await enterStage(sql, await runs.at(run, "one"), "A");
  const one = await runs.at(run, "one");
  await enterStage(sql, one, "A");
  await runs.succeed(run, "one");
  await enterStage(sql, await runs.at(run, "two"), "B");
  await enterStage(sql, one, "A"); // a worker that was thought dead
  expect(await stage()).toBe("B");
  await runs.fail(run, "two");
  expect(await stage()).toBe("LOST");
  const again = await retryRun(sql, word(run), null);
  await settleBegun(sql, again);
  await enterStage(sql, await runs.at(run, "two"), "B");
  expect(await stage()).toBe("B");
  await cancelRun(sql, word(run), true);
});

test("a run in an empty folder of its own is retried as a whole, for that folder has gone", async () => {
  const run = await runs.begun(planOf([step("a"), step("b", ["a"])]));
  await runs.succeed(run, "a");
  await runs.fail(run, "b");
  await retryRun(database.sql, word(run), null);
  expect(await runs.statuses(run)).toEqual({ a: "pending", b: "pending" });
});

test("work that is going on can't be deleted, and history can, with all that is of it", async () => {
  const { sql } = database;
  const run = await runs.begun(planOf([step("a")]));
  await expect(sql`delete from fairlead.runs where id = ${run.id}`).rejects.toMatchObject({ code: "FL001" });
  await runs.succeed(run, "a");
  await sql`delete from fairlead.runs where id = ${run.id}`;
  expect(await sql`select from fairlead.steps where run_id = ${run.id}`).toEqual([]);
});
