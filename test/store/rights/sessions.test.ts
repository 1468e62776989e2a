import type pg from "pg";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { RunId } from "../../../src/domain/plans/run.ts";
import { reconcile } from "../../../src/store/jobs.ts";
import { registerPlan } from "../../../src/store/runs/plans.ts";
import { type TestDatabase, testDatabase } from "../../support/database.ts";
import { makePeople } from "../../support/people.ts";
import { planOf, step } from "../../support/plans.ts";
import { logInAs, sessionAt } from "../../support/postgres/logins.ts";
import { allSteps } from "../../support/runs.ts";

let database: TestDatabase;
beforeEach(async () => {
  const made = await testDatabase();
  database = made;
  onTestFinished(() => made.drop());
  await made.sql`insert into fairlead.workspaces (name, repository_url, default_branch) values ('shop', '/nowhere', 'main')`;
  const wait = { for: "approval", message: "Publish?", who: ["ann"], deadline_sec: null };
  await registerPlan(made.sql, planOf([{ ...step("ok"), kind: "wait", wait } as never, step("after", ["ok"])]));
});

const odd: readonly (readonly [what: string, settings: string])[] = [
  ["nothing set", "select"],
  ["German dates", "set DateStyle to German; set IntervalStyle to sql_standard; set TimeZone to 'Asia/Kathmandu'"],
  ["no search_path", "set search_path to ''"],
  ["another search_path", "set search_path to public, pg_temp"],
  ["backslashes in strings", "set standard_conforming_strings to off; set escape_string_warning to off"],
  [
    "other ways to write values",
    "set bytea_output to escape; set extra_float_digits to -15; set array_nulls to off; set transform_null_equals to on; set quote_all_identifiers to on; set xmloption to document",
  ],
  [
    "all of plpgsql's complaints",
    "do 'begin end'; set plpgsql.extra_errors to 'all'; set plpgsql.extra_warnings to 'all'",
  ],
  ["repeatable read", "set default_transaction_isolation to 'repeatable read'"],
  ["serializable", "set default_transaction_isolation to serializable"],
  [
    "every plan compiled and made anew",
    "set jit to on; set jit_above_cost to 0; set plan_cache_mode to force_custom_plan",
  ],
  ["another encoding", "set client_encoding to LATIN1"],
  ["engine told to look away", "select set_config('fairlead.advancing', 'x', false)"],
];

async function one(client: pg.Client, text: string, ...values: unknown[]): Promise<Record<string, unknown>> {
  return (await client.query(text, values)).rows[0] ?? {};
}

test.each(odd)(
  "in a session with %s, requests and decisions of people have the same effect",
  async (_what, settings) => {
    const { sql } = database;
    const client = await sessionAt(database.url);
    await client.query(settings);
    const ask = "insert into fairlead.change_requests (workspace, request_text) values ('shop', $1) returning id";
    const { id } = await one(client, ask, "Größer, \\ and 'quoted'");
    await reconcile(sql);
    await sql`update fairlead.change_requests set status = 'implementing', branch_name = 'b', target_branch = 'main' where id = ${String(id)}`;
    await sql`update fairlead.change_requests set status = 'deployed', head_commit = 'c' where id = ${String(id)}`;
    const sent = await one(
      client,
      "select * from fairlead.request_changes($1, 'smaller', 'ann', $2)",
      id,
      '[{"text": "here", "line": 3}]',
    );
    expect(sent).toMatchObject({
      status: "implementing",
      round: 2,
      feedback: { text: "smaller", comments: [{ file: null, line: 3, text: "here" }] },
    });
    await sql`update fairlead.change_requests set status = 'deployed' where id = ${String(id)}`;
    await client.query("update fairlead.change_requests set status = 'approved', decided_by = 'ann' where id = $1", [
      id,
    ]);
    await reconcile(sql);
    expect(await one(client, "select status, waiting_for from fairlead.change_board where id = $1", id)).toEqual({
      status: "merging",
      waiting_for: "the merge",
    });
    await expect(
      client.query("update fairlead.change_requests set status = 'approved' where id = $1", [id]),
    ).rejects.toMatchObject({ code: "FL001" });
    const { id: other } = await one(
      client,
      "select id from fairlead.request_change('shop', 'x', idempotency_key => 'k')",
    );
    expect(await one(client, "select status from fairlead.cancel_change($1)", other)).toEqual({ status: "failed" });
    expect(await one(client, "select status from fairlead.retry_change($1)", other)).toEqual({ status: "pending" });
    await expect(client.query("select fairlead.request_change('shop', E'\\t ')")).rejects.toMatchObject({
      code: "FL004",
    });

    const { id: run } = await one(client, "select id from fairlead.start_run('test')");
    await sql`update fairlead.runs set status = 'running' where id = ${String(run)}`;
    await sql`update fairlead.steps set status = 'waiting', waits_for = spec -> 'wait' where run_id = ${String(run)} and key = 'ok'`;
    expect(
      await one(client, "select status from fairlead.answer_step($1, 'approve', answered_by => 'ann')", run),
    ).toEqual({ status: "succeeded" });
    expect((await allSteps(sql, run as RunId)).map(({ status }) => status)).toEqual(["succeeded", "running"]);
    expect(await one(client, "select ending from fairlead.cancel_run($1)", run)).toEqual({ ending: "cancelled" });
    for (const view of ["change_board", "waiting_on_people", "run_board", "environment_board", "leaks"]) {
      await client.query(`select * from fairlead.${view}`);
    }
    const [event] = await sql<{ data: { feedback: { text: string } } }[]>`
    select data from fairlead.events where entity_id = ${String(id)} and data ? 'feedback'`;
    expect(event?.data.feedback.text).toBe("smaller");
  },
);

test.each(odd)("in a session with %s, roles for people can request, decide and answer", async (_what, settings) => {
  const { sql } = database;
  const people = await makePeople(database.url);
  const { role, client } = await logInAs(database.url, 'Ann "the Boss"', [people.asker, people.reviewer]);
  await client.query(settings);
  const { id } = await one(client, "select id from fairlead.request_change('shop', 'x')");
  await reconcile(sql);
  await sql`update fairlead.change_requests set status = 'implementing', branch_name = 'b', target_branch = 'main' where id = ${String(id)}`;
  await sql`update fairlead.change_requests set status = 'deployed', head_commit = 'c' where id = ${String(id)}`;
  await client.query("update fairlead.change_requests set status = 'approved' where id = $1", [id]);
  await reconcile(sql);
  expect(await sql`select status, decided_by from fairlead.change_requests where id = ${String(id)}`).toEqual([
    { status: "merging", decidedBy: role },
  ]);
  const [run] = await sql<{ id: string }[]>`select id from fairlead.start_run('test')`;
  const runId = run?.id ?? "";
  await sql`update fairlead.runs set status = 'running' where id = ${runId}`;
  await sql`update fairlead.steps set status = 'waiting', waits_for = spec -> 'wait' where run_id = ${runId} and key = 'ok'`;
  // Only ann was asked, and to say that one is ann is not enough.
  const answer = "select fairlead.answer_step($1, 'approve', answered_by => 'ann')";
  await expect(client.query(answer, [runId])).rejects.toMatchObject({ code: "FL005" });
  await sql`update fairlead.steps set waits_for = jsonb_set(waits_for, '{who}', to_jsonb(array[${role}])) where run_id = ${runId} and key = 'ok'`;
  await client.query(answer.replace("answered_by => 'ann'", "note => 'yes'"), [runId]);
  const steps = await allSteps(sql, runId as RunId);
  expect(steps.map(({ status }) => status)).toEqual(["succeeded", "running"]);
  expect(steps[0]?.outputs).toMatchObject({ by: role });
});
