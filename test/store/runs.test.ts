import { afterAll, beforeAll, expect, test } from "vitest";
import type { Plan } from "../../src/domain/plan.ts";
import type { Run } from "../../src/domain/run.ts";
import { reconcile } from "../../src/store/jobs.ts";
import { registerPlan } from "../../src/store/plans.ts";
import { cancelRun, findRun, retryRun, settleBegun, startRun } from "../../src/store/runs.ts";
import {
  answerStep,
  enterStage,
  findStep,
  listSteps,
  settleAttemptFailed,
  settleStopped,
  settleSucceeded,
  settleWaiting,
  startSubrun,
  stepAsSeen,
  wakeStep,
} from "../../src/store/steps.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { planOf, step } from "../support/plans.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const word = (run: Run) => ({ id: run.id, by: "ann", note: null, seenVersion: null });
const order = { variables: {}, folder: null, agent: null, startedBy: "ann", idempotencyKey: null };

async function started(plan: Plan, more: Partial<Parameters<typeof startRun>[1]> = {}): Promise<Run> {
  const planHash = await registerPlan(database.sql, plan);
  return startRun(database.sql, { ...order, planId: plan.plan_id, planHash, ...more });
}

/** A run whose environment is there. */
async function begun(plan: Plan): Promise<Run> {
  const run = await started(plan);
  expect(await settleBegun(database.sql, run)).toBe(true);
  return run;
}

const statuses = async (run: Run) =>
  Object.fromEntries((await listSteps(database.sql, run.id)).map(({ key, status }) => [key, status]));

/** The step as it is, to be settled. */
async function at(run: Run, key: string) {
  const found = await findStep(database.sql, run.id, key);
  if (found === null) throw new Error(`no step ${key}`);
  return found;
}

const succeed = async (run: Run, key: string) =>
  settleSucceeded(database.sql, await at(run, key), { outputs: {}, exitCode: 0 });
const fail = async (run: Run, key: string) =>
  settleAttemptFailed(database.sql, await at(run, key), { kind: "command", message: "it failed", exitCode: 1 });

const variables = [
  { name: "NEEDED", default: null, required: true, description: null },
  { name: "GIVEN", default: "as it is", required: false, description: null },
  { name: "EMPTY", default: null, required: false, description: null },
];

test("a run gets the variables of its plan, with defaults, and none else", async () => {
  const plan = planOf([step("a")], { plan_id: "with-variables", variables });
  const run = await started(plan, { variables: { NEEDED: 3 } });
  expect(run.variables).toEqual({ NEEDED: "3", GIVEN: "as it is", EMPTY: "" });
  for (const [given, why] of [
    [{}, "the plan needs a value for NEEDED"],
    [{ NEEDED: "x", OTHER: "y" }, "the plan has no variable OTHER"],
    [{ NEEDED: ["x"] }, "NEEDED has no value that a variable can have"],
    [{ NEEDED: null }, "NEEDED has no value that a variable can have"],
  ] as const) {
    await expect(started(plan, { variables: given })).rejects.toMatchObject({ code: "FL004", message: why });
  }
  const unknown = startRun(database.sql, { ...order, planId: "nothing", planHash: null });
  await expect(unknown).rejects.toMatchObject({ code: "FL003", message: "there is no plan 'nothing'" });
});

test("an idempotency key starts one run, however many ask at once", async () => {
  const plan = planOf([step("a")], { plan_id: "keyed" });
  const asked = await Promise.all(Array.from({ length: 8 }, () => started(plan, { idempotencyKey: "ticket-1" })));
  expect(new Set(asked.map(({ id }) => id)).size).toBe(1);
  const other = planOf([step("a")], { plan_id: "other" });
  await expect(started(other, { idempotencyKey: "ticket-1" })).rejects.toMatchObject({ code: "FL004" });
});

test("runs keep the plan that they began with, when that is changed", async () => {
  const first = await begun(planOf([step("old")], { plan_id: "changing" }));
  const second = await begun(planOf([step("new")], { plan_id: "changing" }));
  expect([await statuses(first), await statuses(second)]).toEqual([{ old: "running" }, { new: "running" }]);
  const [latest] = await database.sql`select plan_hash from fairlead.start_run('changing')`;
  expect(latest?.planHash).toBe(second.planHash);
});

test("a plan of 10,000 steps is laid out and begun in under two seconds", async () => {
  const steps = Array.from({ length: 10_000 }, (_, at) => step(`s${at}`, at < 20 ? [] : [`s${at - 20}`, `s${at - 7}`]));
  const began = performance.now();
  const run = await begun(planOf(steps, { plan_id: "large" }));
  expect(performance.now() - began).toBeLessThan(2_000);
  expect(Object.values(await statuses(run)).filter((status) => status === "running")).toHaveLength(4);
});

test("a chain of 10,000 steps is skipped at once, each once, when its first fails", async () => {
  const steps = Array.from({ length: 10_000 }, (_, at) =>
    step(`s${at}`, at === 0 ? [] : [`s${at - 1}`], { on_failure: "skip_dependents" }),
  );
  const run = await begun(planOf(steps, { plan_id: "chain" }));
  await fail(run, "s0");
  expect(await findRun(database.sql, run.id)).toMatchObject({ status: "failed", failedStep: "s0", unfinished: 0 });
  const [events] =
    await database.sql`select count(*) from fairlead.events where run_id = ${run.id} and kind = 'step.skipped'`;
  expect(events?.count).toBe(9_999);
}, 60_000);

test("a late settlement of a step does nothing", async () => {
  const run = await begun(planOf([step("a", [], { retries: 1 })]));
  const seen = await at(run, "a");
  await fail(run, "a");
  expect(await settleSucceeded(database.sql, seen, { outputs: {}, exitCode: 0 })).toBe(false);
  expect(await settleAttemptFailed(database.sql, seen, { kind: "command", message: "late" })).toBeNull();
  expect((await at(run, "a")).status).toBe("waiting");
  await cancelRun(database.sql, word(run), false);
});

test("settlements of many steps at once neither meet nor miss each other", async () => {
  const wide = Array.from({ length: 30 }, (_, at) => step(`s${at}`));
  const plan = planOf(
    [
      ...wide,
      step(
        "last",
        wide.map(({ id }) => id),
      ),
    ],
    {
      globals: { max_concurrency: 30, default_timeout_sec: 60, env: {}, cwd: null },
    },
  );
  const run = await begun(plan);
  await Promise.all(wide.map(({ id }) => succeed(run, id)));
  expect((await at(run, "last")).status).toBe("running");
  await succeed(run, "last");
  expect((await findRun(database.sql, run.id))?.status).toBe("succeeded");
});

test("a cancellation and settlements at once leave nothing that is not settled or being stopped", async () => {
  for (let round = 0; round < 10; round += 1) {
    const plan = planOf(["a", "b", "c", "d"].flatMap((id) => [step(id), step(`${id}2`, [id], { retries: 1 })]));
    const run = await begun(plan);
    await Promise.all([
      succeed(run, "a"),
      fail(run, "b"),
      cancelRun(database.sql, word(run), false),
      succeed(run, "c"),
      fail(run, "d"),
    ]);
    const rows = await listSteps(database.sql, run.id);
    const open = rows.filter(({ status, task }) => ["pending", "waiting"].includes(status) || task === "run_step");
    expect(open.map(({ key, status }) => [key, status])).toEqual([]);
    const running = rows.filter(({ status }) => status === "running").length;
    expect((await findRun(database.sql, run.id))?.unfinished).toBe(running);
  }
});

test("a run that has not begun is cancelled at once; one that has ended can't be", async () => {
  const run = await started(planOf([step("a")]));
  expect(await cancelRun(database.sql, word(run), false)).toMatchObject({
    status: "cancelled",
    failureMessage: "cancelled by ann",
  });
  expect(await statuses(run)).toEqual({ a: "cancelled" });
  await expect(cancelRun(database.sql, word(run), false)).rejects.toMatchObject({ code: "FL001" });
  const [environment] = await database.sql`select status from fairlead.environments where run_id = ${run.id}`;
  expect(environment?.status).toBe("terminating");
});

test("an update to cancelled from psql ends a run and all that is in it", async () => {
  const run = await begun(planOf([step("a"), step("b", ["a"])]));
  await database.sql`update fairlead.runs set status = 'cancelled' where id = ${run.id}`;
  expect(await statuses(run)).toEqual({ a: "running", b: "cancelled" });
  expect((await at(run, "a")).task).toBe("stop_step");
});

test("only what has ended can be retried, from a step that there is, and not beside what it belongs to", async () => {
  const { sql } = database;
  const run = await begun(planOf([step("a")]));
  await expect(retryRun(sql, word(run), null)).rejects.toMatchObject({ code: "FL001" });
  await succeed(run, "a");
  await expect(retryRun(sql, word(run), null)).rejects.toMatchObject({ code: "FL001" });
  await expect(retryRun(sql, word(run), "b")).rejects.toMatchObject({ code: "FL003" });
  expect((await retryRun(sql, word(run), "a")).status).toBe("pending");
  expect(await statuses(run)).toEqual({ a: "pending" });

  const calls = planOf([{ ...step("call"), kind: "plan", plan: "test", variables: {} } as never], { plan_id: "calls" });
  const parent = await begun(calls);
  const child = await startSubrun(sql, await at(parent, "call"), { planId: "test", variables: {}, timeoutSec: 60 });
  if (child === null) throw new Error("it was not started");
  const inner = await findRun(sql, child);
  if (inner === null) throw new Error("it is not there");
  await fail(inner, "a");
  expect(await at(parent, "call")).toMatchObject({ status: "failed", failureKind: "plan" });
  await expect(retryRun(sql, word(inner), null)).rejects.toThrow(`belongs to a step of run ${parent.id}`);
});

test("plans that call plans end five deep", async () => {
  const { sql } = database;
  const plan = planOf([{ ...step("again"), kind: "plan", plan: "endless", variables: {} } as never], {
    plan_id: "endless",
  });
  let run = await begun(plan);
  for (let depth = 1; depth <= 5; depth += 1) {
    const child = await startSubrun(sql, await at(run, "again"), { planId: "endless", variables: {}, timeoutSec: 60 });
    run = (await findRun(sql, child ?? ("" as never))) ?? run;
  }
  const sixth = startSubrun(sql, await at(run, "again"), { planId: "endless", variables: {}, timeoutSec: 60 });
  await expect(sixth).rejects.toMatchObject({ code: "FL004" });
});

const review = (id: string, needs: readonly string[], rounds: number) =>
  ({
    ...step(id, needs),
    kind: "agent",
    role: "review",
    on_reject: { restart_from: "code", max_rounds: rounds },
  }) as never;
const reviewed = (rounds: number) =>
  planOf([
    step("code"),
    review("review", ["code"], rounds),
    step("test", ["code"]),
    step("ask", ["code"]),
    step("last", ["review", "test", "ask"]),
  ]);
const reject = async (run: Run) =>
  settleAttemptFailed(database.sql, await at(run, "review"), {
    kind: "rejected",
    message: "no",
    outputs: { verdict: "rejected", findings: "[]" },
  });
const ask = async (run: Run) =>
  settleWaiting(database.sql, await at(run, "ask"), { for: "approval", message: "?", who: [] }, { seconds: null });

test("a review that rejects takes along what runs, waits and has settled beside it, for as many rounds as there are", async () => {
  const run = await begun(reviewed(2));
  await succeed(run, "code");
  await ask(run);
  expect(await reject(run)).toBe("failed");
  expect(await statuses(run)).toEqual({
    code: "running",
    review: "pending",
    test: "running",
    ask: "pending",
    last: "pending",
  });
  expect(await at(run, "test")).toMatchObject({ task: "stop_step", round: 2 });
  expect(await settleStopped(database.sql, await at(run, "test"))).toBe(true);
  expect((await at(run, "test")).status).toBe("pending");
  await succeed(run, "code");
  expect(await statuses(run)).toMatchObject({ review: "running", test: "running", ask: "running", last: "pending" });
  expect(await at(run, "ask")).toMatchObject({ round: 2, feedback: { step: "review", round: 1 } });

  await succeed(run, "test");
  await reject(run);
  await settleStopped(database.sql, await at(run, "ask"));
  expect(await findRun(database.sql, run.id)).toMatchObject({ status: "failed", failedStep: "review" });
  await retryRun(database.sql, word(run), "code");
  expect(await at(run, "review")).toMatchObject({ status: "pending", round: 1, feedback: null });
});

test("what is settled in the very moment in which a review rejects begins anew as well", async () => {
  for (let round = 0; round < 20; round += 1) {
    const run = await begun(reviewed(2));
    await succeed(run, "code");
    await ask(run);
    const said = { runId: run.id, step: "ask", word: "approve", by: "ann", note: null };
    const answered = answerStep(database.sql, said).catch(() => null); // it may not be asked any more
    await Promise.all([reject(run), succeed(run, "test"), answered]);
    await settleStopped(database.sql, await at(run, "test"));
    expect(await statuses(run)).toEqual({
      code: "running",
      review: "pending",
      test: "pending",
      ask: "pending",
      last: "pending",
    });
    await succeed(run, "code");
    for (const key of ["review", "test", "ask", "last"]) await succeed(run, key);
    expect(await findRun(database.sql, run.id)).toMatchObject({ status: "succeeded", unfinished: 0 });
    expect((await listSteps(database.sql, run.id)).map((row) => row.round)).toEqual([2, 2, 2, 2, 2]);
  }
});

test("a plan that is called too long, and a question that nobody answers, are tried again as often as they may", async () => {
  const { sql } = database;
  const calls = { ...step("call", [], { retries: 1 }), kind: "plan", plan: "test", variables: {}, timeout_sec: 5 };
  const run = await begun(planOf([calls as never, step("ask", [], { retries: 1 })], { plan_id: "patient" }));
  await registerPlan(sql, planOf([step("a")]));
  const child = await startSubrun(sql, await at(run, "call"), { planId: "test", variables: {}, timeoutSec: 0 });
  const inner = await findRun(sql, child ?? ("" as never));
  if (inner === null) throw new Error("it was not started");
  await settleWaiting(sql, await at(run, "ask"), { for: "approval", message: "?", who: [] }, { seconds: 0 });
  for (const key of ["call", "ask"]) await wakeStep(sql, await at(run, key));
  await cancelRun(sql, word(inner), true);
  await settleStopped(sql, await at(inner, "a"));
  expect(await at(run, "call")).toMatchObject({
    status: "waiting",
    failureKind: "timeout",
    waitsFor: { for: "retry" },
  });
  expect((await at(run, "call")).failureMessage).toBe("stopped after 5 s, its time limit");
  expect(await at(run, "ask")).toMatchObject({ status: "waiting", failureKind: "timeout", waitsFor: { for: "retry" } });
  await cancelRun(sql, word(run), true);
});

test("of an approval and a rejection at once one counts", async () => {
  const run = await begun(planOf([step("ask"), step("after", ["ask"])]));
  const asked = { for: "approval", message: "?", who: [] } as const;
  await settleWaiting(database.sql, await at(run, "ask"), asked, { seconds: null });
  const say = (said: string) =>
    answerStep(database.sql, { runId: run.id, step: null, word: said, by: "ann", note: null });
  const results = await Promise.allSettled([say("approve"), say("reject"), say("approve")]);
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  const isApproved = results[1]?.status === "rejected";
  expect(await statuses(run)).toEqual(
    isApproved ? { ask: "succeeded", after: "running" } : { ask: "failed", after: "skipped" },
  );
});

test("a cancellation that met a step which somebody held reaches it all the same", async () => {
  const run = await begun(planOf([step("ask"), step("long")]));
  await ask(run);
  const session = database.session();
  await session`begin`;
  await session`select from fairlead.steps where run_id = ${run.id} for update`;
  await cancelRun(database.sql, word(run), true);
  await session`rollback`;
  expect(await statuses(run)).toEqual({ ask: "waiting", long: "running" });
  await reconcile(database.sql);
  expect(await statuses(run)).toEqual({ ask: "cancelled", long: "running" });
  expect((await at(run, "long")).task).toBe("stop_step");
  await settleStopped(database.sql, await at(run, "long"));
  expect(await findRun(database.sql, run.id)).toMatchObject({ status: "cancelled", unfinished: 0 });
});

test("a step whose run is ending starts no run of another plan", async () => {
  const { sql } = database;
  const calls = { ...step("call"), kind: "plan", plan: "test", variables: {} } as never;
  const run = await begun(planOf([calls], { plan_id: "calling" }));
  const called = await at(run, "call");
  const session = database.session();
  await session`begin`;
  await session`select from fairlead.steps where id = ${called.id} for update`;
  await cancelRun(sql, word(run), false);
  expect(await startSubrun(session, called, { planId: "test", variables: {}, timeoutSec: 60 })).toBeNull();
  await session`commit`;
  expect(await at(run, "call")).toMatchObject({ status: "cancelled" });
  expect(await sql`select from fairlead.runs where parent_step_id = ${called.id}`).toEqual([]);
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
  const run = await started(staged, { folder: "/" });
  await settleBegun(sql, run);
  const stage = async () => (await findRun(sql, run.id))?.stage;
  await enterStage(sql, await at(run, "one"), "A");
  const one = await at(run, "one");
  await enterStage(sql, one, "A");
  await succeed(run, "one");
  await enterStage(sql, await at(run, "two"), "B");
  await enterStage(sql, one, "A"); // a worker that was thought dead
  expect(await stage()).toBe("B");
  await fail(run, "two");
  expect(await stage()).toBe("LOST");
  const again = await retryRun(sql, word(run), null);
  await settleBegun(sql, again);
  await enterStage(sql, await at(run, "two"), "B");
  expect(await stage()).toBe("B");
  await cancelRun(sql, word(run), true);
});

test("a run in an empty folder of its own is retried as a whole, for that folder has gone", async () => {
  const run = await begun(planOf([step("a"), step("b", ["a"])]));
  await succeed(run, "a");
  await fail(run, "b");
  await retryRun(database.sql, word(run), null);
  expect(await statuses(run)).toEqual({ a: "pending", b: "pending" });
});

test("a time that is waited for comes when it comes, also where its job was lost or came early", async () => {
  const { sql } = database;
  const run = await begun(planOf([step("ask")]));
  await settleWaiting(sql, await at(run, "ask"), { for: "approval", message: "?", who: [] }, { seconds: 86_400 });
  const { id } = await at(run, "ask");
  const dueIn = async () => {
    const [job] =
      await sql`select run_at > now() + interval '23 hours' as late from graphile_worker.jobs where key = ${id}`;
    return job?.late;
  };
  await sql`select graphile_worker.remove_job(${id})`;
  await reconcile(sql);
  expect(await dueIn()).toBe(true);
  await wakeStep(sql, await at(run, "ask"));
  expect([(await at(run, "ask")).status, await dueIn()]).toEqual(["waiting", true]);
  await cancelRun(sql, word(run), true);
});

test("work that is going on can't be deleted, and history can, with all that is of it", async () => {
  const { sql } = database;
  const run = await begun(planOf([step("a")]));
  await expect(sql`delete from fairlead.runs where id = ${run.id}`).rejects.toMatchObject({ code: "FL001" });
  await succeed(run, "a");
  await sql`delete from fairlead.runs where id = ${run.id}`;
  expect(await sql`select from fairlead.steps where run_id = ${run.id}`).toEqual([]);
});

test("a run in which nothing moves any more is set going again, and a step without a job gets one", async () => {
  const { sql } = database;
  const run = await begun(planOf([step("a"), step("b", ["a"])]));
  await sql`select graphile_worker.remove_job(${(await at(run, "a")).id})`;
  expect((await reconcile(sql)).enqueued).toBeGreaterThan(0);
  expect(await sql`select from graphile_worker.jobs where key = ${(await at(run, "a")).id}`).toHaveLength(1);

  await succeed(run, "a");
  await sql`alter table fairlead.steps disable trigger user`;
  await sql`update fairlead.steps set status = 'pending', unmet = 7, task = null where run_id = ${run.id} and key = 'b'`;
  await sql`alter table fairlead.steps enable trigger user`;
  await reconcile(sql);
  expect(await stepAsSeen(sql, await at(run, "b"))).toMatchObject({ status: "running", task: "run_step" });
});
