import { readFile } from "node:fs/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { ChangeId } from "../../src/domain/ids.ts";
import { addBuiltInPlans } from "../../src/main/built-in-plans.ts";
import { withDatabase } from "../support/database.ts";
import { planOf, step } from "../support/plans.ts";
import { startPlan, stepReaches } from "../support/runs.ts";
import { makeWorld, type World } from "../support/world.ts";

const exampleId = "01K5TZ8M3RB6Q4W2E9XJDVH7NC";
const page = await readFile(new URL("../../docs/sql.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/^```sql\n([\s\S]*?)^```/gm)].map(([, block = ""]) => block);
const examples = blocks.flatMap((block) => block.split(/;\n/)).filter((statement) => statement.trim() !== "");

let world: World;
beforeAll(async () => {
  world = await makeWorld();
  await world.startWorker();
  await addBuiltInPlans(world.database.sql);
});
afterAll(async () => {
  const roles = "fairlead_asker, fairlead_reviewer, fairlead_reader";
  await asAdmin((client) => client.query(`drop owned by ${roles}; drop role ${roles}`)).catch(() => {});
  await world.close();
});

/** Only an administrator may make roles. */
async function asAdmin(work: (client: pg.Client) => Promise<unknown>): Promise<unknown> {
  const database = new URL(world.database.url).pathname.slice(1);
  const client = new pg.Client({ connectionString: withDatabase(inject("postgres").maintenanceUrl, database) });
  await client.connect();
  return await work(client).finally(() => client.end());
}

/** A change in the status that an example speaks of. */
async function changeFor(statement: string): Promise<ChangeId> {
  // Those of the examples before would fill up the workspace.
  await world.database.sql`
    update fairlead.change_requests set status = 'failed' where status not in ('merged', 'rejected', 'failed')`;
  const id = await world.request("shop", "Add a loading spinner");
  if (/cancel_change/.test(statement)) return id;
  await world.reaches(id, "deployed");
  if (/retry_change/.test(statement)) await world.database.sql`select fairlead.cancel_change(${id})`;
  return id;
}

/** A run that asks what the examples answer. */
async function runThatAsks(): Promise<string> {
  const wait = { for: "approval", message: "Publish?", who: ["ann"], deadline_sec: null };
  const id = await startPlan(world, planOf([{ ...step("ok"), kind: "wait", wait } as never]));
  await stepReaches(world, id, "ok", "waiting");
  return id;
}

async function idFor(example: string): Promise<string | null> {
  if (!example.includes(exampleId)) return null;
  return /answer_step|fairlead\.steps/.test(example) ? await runThatAsks() : await changeFor(example);
}

test("every example of docs/sql.md works, in the order in which it stands there", { timeout: 120_000 }, async () => {
  const remote = await world.repository();
  expect(examples.length).toBeGreaterThan(15);
  for (const example of examples) {
    const id = await idFor(example);
    const statement = example.replace("/srv/git/shop.git", remote).replace(exampleId, id ?? exampleId);
    const result = /^\s*(create role|grant)/.test(statement)
      ? asAdmin((client) => client.query(statement))
      : world.database.sql.unsafe(statement);
    await expect(result, statement).resolves.toBeDefined();
  }
});

test("docs/sql.md names every table, view, column of a change and function for people", async () => {
  const { sql } = world.database;
  const relations = await sql<{ name: string }[]>`
    select 'fairlead.' || table_name as name from information_schema.tables where table_schema = 'fairlead'`;
  const columns = await sql<{ name: string }[]>`
    select column_name as name from information_schema.columns
    where table_schema = 'fairlead' and table_name = 'change_requests'`;
  const functions = await sql<{ name: string }[]>`
    select 'fairlead.' || proname as name from pg_proc
    where pronamespace = 'fairlead'::regnamespace and proname ~ '_(changes?|run|step)$' and proname !~ '^(fill|runs?)_'
      and prorettype in ('fairlead.change_requests'::regtype, 'fairlead.runs'::regtype, 'fairlead.steps'::regtype)`;
  const names = [...relations, ...columns, ...functions].map(({ name }) => name);
  const internal = ["moved_in", "session_total", "fairlead.start_change_run"];
  expect(names.filter((name) => !internal.includes(name) && !page.includes(name))).toEqual([]);
});
