import { expect, onTestFinished, test } from "vitest";
import type { RunId } from "../../../src/domain/plans/run.ts";
import { reconcile } from "../../../src/store/jobs.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { emptyDatabase } from "../../support/database.ts";
import { planOf, step } from "../../support/plans.ts";
import { adminOf, logInAs, sessionAt } from "../../support/postgres/logins.ts";
import { runReaches, startPlan } from "../../support/runs.ts";
import { makeWorld, write } from "../../support/world.ts";
import { layTraps } from "./overloads.ts";

test("a role that may only create in public, and temporary things, is never called by another role", {
  timeout: 60_000,
}, async () => {
  const database = await emptyDatabase();
  onTestFinished(() => database.drop());
  const admin = await adminOf(database.url);
  await admin.query("grant create on schema public to public");
  // As it was by default before Postgres 15, and the other way round: what is in public comes first.
  const name = new URL(database.url).pathname.slice(1);
  await admin.query(`alter database ${name} set search_path to public, pg_catalog`);
  const mallory = await logInAs(database.url, "Mallory");
  await layTraps(mallory.client);
  // Before the schema is made, so that views, defaults and checks could be caught as well.
  await migrate(database.url);

  const world = await makeWorld({}, database.migrated());
  onTestFinished(() => world.close());
  const { sql } = world.database;
  await world.workspace("shop", await world.repository(), [[write("f", "x")], [write("f", "y")]]);
  await world.startWorker();
  // What a person's own statements call is looked up where that person says; what ours call is not.
  const person = await sessionAt(database.url);
  await person.query('set search_path to "$user", public');
  const say = (text: string, ...values: unknown[]) => person.query(text, values);
  const { rows } = await say(
    "insert into fairlead.change_requests (workspace, request_text) values ('shop', 'Write') returning id",
  );
  const id = rows[0]?.id;
  await world.reaches(id, "deployed");
  await say(
    "select fairlead.request_changes($1, 'Make it y', 'ann', $2)",
    id,
    '[{"text": "here", "file": "f", "line": 1}]',
  );
  await world.row(
    () => sql`select from fairlead.change_requests where id = ${id} and round = 2 and status = 'deployed'`,
  );
  await say("update fairlead.change_requests set status = 'approved' where id = $1", id);
  await world.reaches(id, "merged");
  await world.cleaned(id);
  for (const view of ["change_board", "waiting_on_people", "run_board", "environment_board", "leaks", "jobs"]) {
    await say(`select * from fairlead.${view}`);
  }
  const looping = planOf([
    step("a"),
    step("b", ["a"], { retries: 1, command: "false" }),
    step("c", ["b"], { when: { b: ["finished"] } as never }),
  ]);
  await runReaches(world, await startPlan(world, looping), "failed");
  await say(
    "select fairlead.cancel_run($1)",
    (await startPlan(world, planOf([step("a", [], { command: "sleep", args: ["5"] })]))) as RunId,
  );
  await reconcile(sql);
  const trophies = async () => (await mallory.client.query("select distinct what, mighty from public.trophies")).rows;
  expect(await trophies()).toEqual([]);
  // The traps do work: a session that looks names up in public first falls into one.
  await say("set search_path to public, pg_catalog");
  await say("select length('x'::pg_catalog.text)");
  expect(await trophies()).toEqual([{ what: "length(text)", mighty: false }]);
});

test("a session's own objects with the names of ours are not used in place of ours", async () => {
  const database = await emptyDatabase();
  onTestFinished(() => database.drop());
  await migrate(database.url);
  const admin = await adminOf(database.url);
  await admin.query(
    "insert into fairlead.workspaces (name, repository_url, default_branch) values ('shop', '/nowhere', 'main')",
  );
  const mallory = await logInAs(database.url, "Mallory");
  const quoted = admin.escapeIdentifier(mallory.role);
  await admin.query(`grant usage on schema fairlead to ${quoted};
    grant execute on function fairlead.request_change, fairlead.approve_change to ${quoted}`);
  await mallory.client.query(`
    create temporary table change_requests (id text, status text);
    create temporary table workspaces (name text, repository_url text, agent text);
    create temporary table pg_class (oid oid, relowner oid);
    create temporary table installation (queue_schema text);
    create function pg_temp.speaker(text) returns text language sql as 'select ''somebody else''';
    create function pg_temp.speaks_for_others() returns bool language sql as 'select true';
    set search_path to pg_temp, public, fairlead`);
  const { rows } = await mallory.client.query(
    "select requester_name, status from fairlead.request_change('shop', 'x', requester_name => 'ann')",
  );
  expect(rows).toEqual([{ requester_name: mallory.role, status: "provisioning" }]);
});
