import { afterAll, beforeAll, expect, test } from "vitest";
import type { Run } from "../../src/domain/plans/run.ts";
import { reconcile } from "../../src/store/jobs.ts";
import { registerPlan } from "../../src/store/runs/plans.ts";
import { cancelRun, findRun, retryRun } from "../../src/store/runs/runs.ts";
import {
  answerStep,
  settleAttemptFailed,
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
  settleAttemptFailed(database.sql, await runs.at(run, "review"), {
    kind: "rejected",
    message: "no",
    outputs: { verdict: "rejected", findings: "[]" },
  });
test("plans that call plans end five deep", async () => {
  const { sql } = database;
  const plan = planOf([{ ...step("again"), kind: "plan", plan: "endless", variables: {} } as never], {
    plan_id: "endless",
  });
  let run = await runs.begun(plan);
  for (let depth = 1; depth <= 5; depth += 1) {
    const child = await startSubrun(sql, await runs.at(run, "again"), {
      planId: "endless",
      variables: {},
      timeoutSec: 60,
    });
    run = (await findRun(sql, child ?? ("" as never))) ?? run;
  }
  const sixth = startSubrun(sql, await runs.at(run, "again"), { planId: "endless", variables: {}, timeoutSec: 60 });
  await expect(sixth).rejects.toMatchObject({ code: "FL004" });
});

test("a review that rejects takes along what runs, waits and has settled beside it, for as many rounds as there are", async () => {
  const run = await runs.begun(reviewed(2));
  await runs.succeed(run, "code");
  await runs.ask(run);
  expect(await reject(run)).toBe("failed");
  expect(await runs.statuses(run)).toEqual({
    code: "running",
    review: "pending",
    test: "running",
    ask: "pending",
    last: "pending",
  });
  expect(await runs.at(run, "test")).toMatchObject({ task: "stop_step", round: 2 });
  expect(await settleStopped(database.sql, await runs.at(run, "test"))).toBe(true);
  expect((await runs.at(run, "test")).status).toBe("pending");
  await runs.succeed(run, "code");
  expect(await runs.statuses(run)).toMatchObject({
    review: "running",
    test: "running",
    ask: "running",
    last: "pending",
  });
  expect(await runs.at(run, "ask")).toMatchObject({ round: 2, feedback: { step: "review", round: 1 } });

  await runs.succeed(run, "test");
  await reject(run);
  await settleStopped(database.sql, await runs.at(run, "ask"));
  expect(await findRun(database.sql, run.id)).toMatchObject({ status: "failed", failedStep: "review" });
  await retryRun(database.sql, word(run), "code");
  expect(await runs.at(run, "review")).toMatchObject({ status: "pending", round: 1, feedback: null });
});

test("what is settled in the very moment in which a review rejects begins anew as well", async () => {
  for (let round = 0; round < 20; round += 1) {
    const run = await runs.begun(reviewed(2));
    await runs.succeed(run, "code");
    await runs.ask(run);
    const said = { runId: run.id, step: "ask", word: "approve", by: "ann", note: null, seenVersion: null };
    const answered = answerStep(database.sql, said).catch(() => null); // it may not be asked any more
    await Promise.all([reject(run), runs.succeed(run, "test"), answered]);
    await settleStopped(database.sql, await runs.at(run, "test"));
    expect(await runs.statuses(run)).toEqual({
      code: "running",
      review: "pending",
      test: "pending",
      ask: "pending",
      last: "pending",
    });
    await runs.succeed(run, "code");
    for (const key of ["review", "test", "ask", "last"]) await runs.succeed(run, key);
    expect(await findRun(database.sql, run.id)).toMatchObject({ status: "succeeded", unfinished: 0 });
    expect((await allSteps(database.sql, run.id)).map((row) => row.round)).toEqual([2, 2, 2, 2, 2]);
  }
});

test("a called plan that times out, and a question without an answer, are retried as often as the step allows", async () => {
  const { sql } = database;
  const calls = { ...step("call", [], { retries: 1 }), kind: "plan", plan: "test", variables: {}, timeout_sec: 5 };
  const run = await runs.begun(planOf([calls as never, step("ask", [], { retries: 1 })], { plan_id: "patient" }));
  await registerPlan(sql, planOf([step("a")]));
  const child = await startSubrun(sql, await runs.at(run, "call"), { planId: "test", variables: {}, timeoutSec: 0 });
  const inner = await findRun(sql, child ?? ("" as never));
  if (inner === null) throw new Error("it was not started");
  await settleWaiting(sql, await runs.at(run, "ask"), { for: "approval", message: "?", who: [] }, { seconds: 0 });
  for (const key of ["call", "ask"]) await wakeStep(sql, await runs.at(run, key));
  await cancelRun(sql, word(inner), true);
  await settleStopped(sql, await runs.at(inner, "a"));
  expect(await runs.at(run, "call")).toMatchObject({
    status: "waiting",
    failureKind: "timeout",
    waitsFor: { for: "retry" },
  });
  expect((await runs.at(run, "call")).failureMessage).toBe("stopped after 5 s, its time limit");
  expect(await runs.at(run, "ask")).toMatchObject({
    status: "waiting",
    failureKind: "timeout",
    waitsFor: { for: "retry" },
  });
  await cancelRun(sql, word(run), true);
});

test("a step whose run is ending starts no run of another plan", async () => {
  const { sql } = database;
  const calls = { ...step("call"), kind: "plan", plan: "test", variables: {} } as never;
  const run = await runs.begun(planOf([calls], { plan_id: "calling" }));
  const called = await runs.at(run, "call");
  const session = database.session();
  await session`begin`;
  await session`select from fairlead.steps where id = ${called.id} for update`;
  await cancelRun(sql, word(run), false);
  expect(await startSubrun(session, called, { planId: "test", variables: {}, timeoutSec: 60 })).toBeNull();
  await session`commit`;
  expect(await runs.at(run, "call")).toMatchObject({ status: "cancelled" });
  expect(await sql`select from fairlead.runs where parent_step_id = ${called.id}`).toEqual([]);
});

test("a time that is waited for comes when it comes, also where its job was lost or came early", async () => {
  const { sql } = database;
  const run = await runs.begun(planOf([step("ask")]));
  await settleWaiting(sql, await runs.at(run, "ask"), { for: "approval", message: "?", who: [] }, { seconds: 86_400 });
  const { id } = await runs.at(run, "ask");
  const dueIn = async () => {
    const [job] = await sql`select run_at > now() + interval '23 hours' as late from fairlead.jobs where key = ${id}`;
    return job?.late;
  };
  await sql`select fairlead.remove_job(${id})`;
  await reconcile(sql);
  expect(await dueIn()).toBe(true);
  await wakeStep(sql, await runs.at(run, "ask"));
  expect([(await runs.at(run, "ask")).status, await dueIn()]).toEqual(["waiting", true]);
  await cancelRun(sql, word(run), true);
});
