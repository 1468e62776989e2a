import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { reconcile } from "../../src/store/jobs.ts";
import { cancelRun, findRun, startRun } from "../../src/store/runs/runs.ts";
import { settleAttemptFailed, settleSucceeded, stepAsSeen } from "../../src/store/runs/steps.ts";
import type { Sql } from "../../src/store/sql.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { planOf, step } from "../support/plans.ts";
import { failForGood } from "../support/queue.ts";
import { order, runsIn, word } from "./runs-support.ts";

let database: TestDatabase;
let runs: ReturnType<typeof runsIn>;
beforeAll(async () => {
  database = await testDatabase();
  runs = runsIn(database.sql);
});
afterAll(() => database.drop());

const variables = [
  { name: "NEEDED", default: null, required: true, description: null },
  { name: "GIVEN", default: "as it is", required: false, description: null },
  { name: "EMPTY", default: null, required: false, description: null },
];

test("a run gets the variables of its plan, with defaults, and none else", async () => {
  const plan = planOf([step("a")], { plan_id: "with-variables", variables });
  const run = await runs.started(plan, { variables: { NEEDED: 3 } });
  expect(run.variables).toEqual({ NEEDED: "3", GIVEN: "as it is", EMPTY: "" });
  for (const [given, why] of [
    [{}, "the plan needs a value for NEEDED"],
    [{ NEEDED: "x", OTHER: "y" }, "the plan has no variable OTHER"],
    [{ NEEDED: ["x"] }, "NEEDED has no value that a variable can have"],
    [{ NEEDED: null }, "NEEDED has no value that a variable can have"],
  ] as const) {
    await expect(runs.started(plan, { variables: given })).rejects.toMatchObject({ code: "FL004", message: why });
  }
  const unknown = startRun(database.sql, { ...order, planId: "nothing", planHash: null });
  await expect(unknown).rejects.toMatchObject({ code: "FL003", message: "there is no plan 'nothing'" });
});

test("an idempotency key starts one run, however many ask at once", async () => {
  const plan = planOf([step("a")], { plan_id: "keyed" });
  const asked = await Promise.all(Array.from({ length: 8 }, () => runs.started(plan, { idempotencyKey: "ticket-1" })));
  expect(new Set(asked.map(({ id }) => id)).size).toBe(1);
  const other = planOf([step("a")], { plan_id: "other" });
  await expect(runs.started(other, { idempotencyKey: "ticket-1" })).rejects.toMatchObject({ code: "FL004" });
});

test("runs keep the plan that they began with, when that is changed", async () => {
  const first = await runs.begun(planOf([step("old")], { plan_id: "changing" }));
  const second = await runs.begun(planOf([step("new")], { plan_id: "changing" }));
  expect([await runs.statuses(first), await runs.statuses(second)]).toEqual([{ old: "running" }, { new: "running" }]);
  const [latest] = await database.sql`select plan_hash from fairlead.start_run('changing')`;
  expect(latest?.planHash).toBe(second.planHash);
});

test("a plan of 10,000 steps is laid out and begun in seconds", async () => {
  const steps = Array.from({ length: 10_000 }, (_, at) => step(`s${at}`, at < 20 ? [] : [`s${at - 20}`, `s${at - 7}`]));
  const began = performance.now();
  const run = await runs.begun(planOf(steps, { plan_id: "large" }));
  expect(performance.now() - began).toBeLessThan(6_000);
  expect(Object.values(await runs.statuses(run)).filter((status) => status === "running")).toHaveLength(4);
});

test.each([
  ["has no statistics", "select"],
  ["was analysed when it held one step", "analyze fairlead.steps"],
])(
  "a chain of 10,000 steps is skipped at once, each once and none read again and again, where the database %s",
  async (_, first) => {
    const own = await testDatabase();
    onTestFinished(() => own.drop());
    const sql = own.session();
    const runs = runsIn(sql);
    await runs.begun(planOf([step("a")]));
    await sql.unsafe(first);
    const steps = Array.from({ length: 10_000 }, (_, at) =>
      step(`s${at}`, at === 0 ? [] : [`s${at - 1}`], { on_failure: "skip_dependents" }),
    );
    const run = await runs.begun(planOf(steps, { plan_id: "chain" }));
    const before = await stepsRead(sql);
    await runs.fail(run, "s0");
    expect((await stepsRead(sql)) - before).toBeLessThan(20 * steps.length);
    expect(await findRun(sql, run.id)).toMatchObject({ status: "failed", failedStep: "s0", unfinished: 0 });
    const [events] = await sql`
    select count(*) from fairlead.events where run_id = ${run.id} and kind = 'step.skipped'`;
    expect(events?.count).toBe(9_999);
  },
  60_000,
);

/** How many rows of steps this session and others have read, as the database counts. */
async function stepsRead(session: Sql): Promise<number> {
  await session`select pg_stat_force_next_flush()`;
  const [counted] = await session`
    select seq_tup_read + idx_tup_fetch as rows from pg_stat_user_tables where relid = 'fairlead.steps'::regclass`;
  return Number(counted?.rows);
}

test("a late settlement of a step does nothing", async () => {
  const run = await runs.begun(planOf([step("a", [], { retries: 1 })]));
  const seen = await runs.at(run, "a");
  await runs.fail(run, "a");
  expect(await settleSucceeded(database.sql, seen, { outputs: {}, exitCode: 0 })).toBe(false);
  expect(await settleAttemptFailed(database.sql, seen, { kind: "command", message: "late" })).toBeNull();
  expect((await runs.at(run, "a")).status).toBe("waiting");
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
  const run = await runs.begun(plan);
  await Promise.all(wide.map(({ id }) => runs.succeed(run, id)));
  expect((await runs.at(run, "last")).status).toBe("running");
  await runs.succeed(run, "last");
  expect((await findRun(database.sql, run.id))?.status).toBe("succeeded");
});

test("a step or a run whose job has used up its attempts has failed, and says why", async () => {
  const { sql } = database;
  const run = await runs.begun(planOf([step("a")]));
  const waiting = await runs.started(planOf([step("a")]));
  for (const key of [(await runs.at(run, "a")).id, waiting.id]) {
    const [job] = await sql<{ id: string }[]>`select id from fairlead.jobs where key = ${key}`;
    await failForGood(sql, job?.id, "it went wrong");
  }
  expect((await reconcile(sql)).givenUp).toBe(2);
  expect(await runs.at(run, "a")).toMatchObject({ status: "failed", failureKind: "internal" });
  for (const { id } of [run, waiting]) {
    expect((await findRun(sql, id))?.failureMessage).toContain(
      "gave up after too many errors; the last was: it went wrong",
    );
  }
});

test("a run in which nothing moves any more is set going again, and a step without a job gets one", async () => {
  const { sql } = database;
  const run = await runs.begun(planOf([step("a"), step("b", ["a"])]));
  await sql`select fairlead.remove_job(${(await runs.at(run, "a")).id})`;
  expect((await reconcile(sql)).enqueued).toBeGreaterThan(0);
  expect(await sql`select from fairlead.jobs where key = ${(await runs.at(run, "a")).id}`).toHaveLength(1);

  await runs.succeed(run, "a");
  await sql`alter table fairlead.steps disable trigger user`;
  await sql`update fairlead.steps set status = 'pending', unmet = 7, task = null where run_id = ${run.id} and key = 'b'`;
  await sql`alter table fairlead.steps enable trigger user`;
  await reconcile(sql);
  expect(await stepAsSeen(sql, await runs.at(run, "b"))).toMatchObject({ status: "running", task: "run_step" });
});
