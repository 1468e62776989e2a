import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AgentStep, Plan } from "../../src/domain/plans/plan.ts";
import type { RunId } from "../../src/domain/plans/run.ts";
import { registerPlan } from "../../src/store/runs/plans.ts";
import { cancelRun, findRun } from "../../src/store/runs/runs.ts";
import { findStep } from "../../src/store/runs/steps.ts";
import { parsePlanText } from "../../src/wire/plans/plan.ts";
import { allAttempts, runReaches, startPlan, stepReaches, stepStatuses } from "../support/runs.ts";
import { gitIn, makeWorld, type Step, type World, write } from "../support/world.ts";

let world: World;
let builtIn: Plan;
beforeAll(async () => {
  world = await makeWorld({ FAIRLEAD_PUSH_SECONDS: "1" });
  await world.startWorker();
  const file = new URL("../../plans/plan-code-review.json", import.meta.url);
  builtIn = parsePlanText(await readFile(file, "utf8"));
});
afterAll(() => world.close());

type Rounds = readonly (readonly Step[])[];

const planned: Step = { do: "plan", plan: { summary: "Greet", tasks: [{ title: "Say hello" }] } };
const rejected: Step = {
  do: "review",
  verdict: "rejected",
  findings: [{ file: "hello.txt", line: 1, text: "it does not say please" }],
};
const approved: Step = { do: "review", verdict: "approved", findings: [] };
const codes = (text: string): Step[] => [write("hello.txt", text), { do: "commit", message: `Say ${text}` }];

/** The built-in plan, with what its agents do. */
function scriptedPlan(script: Readonly<Record<"plan" | "code" | "review", Rounds>>): Plan {
  const steps = builtIn.steps.map((step) =>
    step.kind === "agent"
      ? ({ ...step, agent: "scripted", settings: { rounds: script[step.role] } } satisfies AgentStep)
      : step,
  );
  return { ...builtIn, steps };
}

/** A checkout of a repository of its own, in which a plan's agents work. */
async function checkout(): Promise<{ folder: string; remote: string }> {
  const remote = await world.repository();
  const folder = await mkdtemp(join(world.home, "checkout-"));
  await execa("git", ["clone", "--quiet", remote, folder]);
  for (const [key, value] of [
    ["user.name", "Ann"],
    ["user.email", "ann@example.com"],
  ] as const) {
    await execa("git", ["-C", folder, "config", key, value]);
  }
  return { folder, remote };
}

const variables = { REQUEST: "Say hello", BRANCH: "change/hello" };

/** The stages that a run went through, in order, as its events tell. */
async function stagesOf(id: RunId): Promise<string[]> {
  const rows = await world.database.sql<{ stage: string }[]>`
    select coalesce(data ->> 'to', data ->> 'stage') as stage from fairlead.events
    where run_id = ${id} and entity = 'run' and (kind = 'run.stage' or data ? 'stage') order by xid, seq`;
  return rows.map(({ stage }) => stage).filter((stage, at, all) => stage !== all[at - 1]);
}

test("a change is planned, made, sent back once with what is wrong, made better, and pushed for people", async () => {
  const { folder, remote } = await checkout();
  const plan = scriptedPlan({
    plan: [[planned]],
    code: [codes("hello"), codes("hello, please")],
    review: [[rejected], [approved]],
  });
  const id = await startPlan(world, plan, { folder, variables });
  await runReaches(world, id, "succeeded");
  expect(await stagesOf(id)).toEqual([
    "QUEUED",
    "PLANNING",
    "CODING",
    "REVIEWING",
    "CODING",
    "REVIEWING",
    "PR_OPEN",
    "COMPLETED",
  ]);
  const { sql } = world.database;
  const code = await findStep(sql, id, "code");
  expect(code).toMatchObject({ round: 2, attempt: 2, feedback: { step: "review", round: 1 } });
  expect(code?.outputs.commits?.split(" ")).toHaveLength(1);
  expect(code?.outputs.head).toBe(await gitIn(folder, "rev-parse", "HEAD"));
  expect(await gitIn(remote, "show", "change/hello:hello.txt")).toBe("hello, please");
  expect(await gitIn(folder, "for-each-ref", "refs/fairlead")).toBe("");
  const review = await allAttempts(sql, id);
  expect(review.filter(({ key }) => key === "review").map(({ status, failureKind }) => [status, failureKind])).toEqual([
    ["failed", "rejected"],
    ["succeeded", null],
  ]);
});

test("a plan that is no JSON, or does not fit its schema, goes no further", async () => {
  for (const [steps, why] of [
    [[{ do: "plan", plan: { summary: "Greet", tasks: [] } }], "/tasks must NOT have fewer than 1 items"],
    [[{ do: "malformed" }], "did not"],
    [[{ do: "fail", exit: 1, message: "no idea" }], "no idea"],
  ] as const) {
    const { folder } = await checkout();
    const id = await startPlan(world, scriptedPlan({ plan: [steps], code: [codes("x")], review: [[approved]] }), {
      folder,
      variables,
    });
    const run = await runReaches(world, id, "failed");
    expect(run).toMatchObject({ failedStep: "plan", stage: "FAILED" });
    expect(run.failureMessage).toContain(why);
    expect(await stagesOf(id)).toEqual(["QUEUED", "PLANNING", "FAILED"]);
    expect(await stepStatuses(world, id)).toMatchObject({ plan: "failed", code: "skipped", review: "skipped" });
  }
});

test("a change that is rejected in every round has failed, after as many rounds as the plan allows", async () => {
  const { folder } = await checkout();
  const plan = scriptedPlan({
    plan: [[planned]],
    code: [codes("1"), codes("2"), codes("3"), codes("4")],
    review: [[rejected]],
  });
  const id = await startPlan(world, plan, { folder, variables });
  const run = await runReaches(world, id, "failed");
  expect(run.failureMessage).toContain("it does not say please");
  expect((await findStep(world.database.sql, id, "code"))?.attempt).toBe(3);
  expect((await stagesOf(id)).slice(-3)).toEqual(["CODING", "REVIEWING", "FAILED"]);
});

test("a run that is cancelled while an agent works ends in its stage for that, and its agent is gone", async () => {
  const { folder } = await checkout();
  const plan = scriptedPlan({ plan: [[planned]], code: [[{ do: "spawn" }, { do: "hang" }]], review: [[approved]] });
  const id = await startPlan(world, plan, { folder, variables });
  await world.row(() => world.database.sql`select id from fairlead.runs where id = ${id} and stage = 'CODING'`);
  await cancelRun(world.database.sql, { id, by: "ann", note: null, seenVersion: null }, false);
  const run = await runReaches(world, id, "cancelled");
  expect(await stagesOf(id)).toEqual(["QUEUED", "PLANNING", "CODING", "CANCELLED"]);
  await world.row(
    () =>
      world.database
        .sql`select id from fairlead.environments where id = ${run.environmentId} and status = 'terminated'`,
  );
  expect(await world.services.provider("local").remains(run.environmentId ?? ("" as never))).toEqual({
    folder: false,
    processes: [],
  });
});

test("a stage goes only where the plan says, for anybody", async () => {
  const { folder } = await checkout();
  const plan = scriptedPlan({ plan: [[planned]], code: [[{ do: "hang" }]], review: [[approved]] });
  const id = await startPlan(world, plan, { folder, variables });
  const { sql } = world.database;
  await world.row(() => sql`select id from fairlead.runs where id = ${id} and stage = 'CODING'`);
  await expect(sql`update fairlead.runs set stage = 'QUEUED' where id = ${id}`).rejects.toMatchObject({
    code: "FL001",
    message: `run ${id} is CODING: it cannot become QUEUED`,
  });
  expect((await findRun(sql, id))?.stage).toBe("CODING");
  await cancelRun(sql, { id, by: "ann", note: null, seenVersion: null }, true);
  await runReaches(world, id, "cancelled");
});

test("an agent whose usage limit is reached lets its step wait for the reset, and is no failure", async () => {
  const { folder } = await checkout();
  const plan = scriptedPlan({ plan: [[planned]], code: [[{ do: "limit", resetsInMs: 500 }]], review: [[approved]] });
  const id = await startPlan(world, plan, { folder, variables });
  const waiting = await stepReaches(world, id, "code", "waiting");
  expect(waiting).toMatchObject({ waitsFor: { for: "limit" }, failures: 0 });
  const again = await world.row(
    async () => [await findStep(world.database.sql, id, "code")].filter((step) => (step?.attempt ?? 0) > 1) as never,
  );
  expect(again).toMatchObject({ failures: 0 });
  await cancelRun(world.database.sql, { id, by: "ann", note: null, seenVersion: null }, true);
  await runReaches(world, id, "cancelled");
});

/** A workspace whose changes are worked on by a plan. */
async function withPlan(name: string, plan: Plan): Promise<string> {
  const remote = await world.repository();
  await registerPlan(world.database.sql, plan);
  await world.workspace(name, remote, []);
  await world.database.sql`update fairlead.workspaces set plan_id = ${plan.plan_id} where name = ${name}`;
  return remote;
}

test("the plan that a workspace names does the work of its changes, from words to merged", async () => {
  const plan = {
    ...scriptedPlan({ plan: [[planned]], code: [codes("hello")], review: [[approved]] }),
    plan_id: "for-changes",
  };
  const remote = await withPlan("planned", plan);
  const id = await world.request("planned", "Say hello");
  const change = await world.reaches(id, "deployed");
  expect(change.summary).toMatch(/\w/);
  const [run] = await world.database.sql<{ id: RunId }[]>`select id from fairlead.runs where change_id = ${id}`;
  expect((await stagesOf(run?.id as RunId)).at(-1)).toBe("COMPLETED");
  await world.database.sql`select fairlead.approve_change(${id}, 'ann')`;
  await world.reaches(id, "merged");
  expect(await gitIn(remote, "show", "main:hello.txt")).toBe("hello");
  await world.cleaned(id);
  expect(await world.database.sql`select kind, name from fairlead.leaks`).toEqual([]);
});

test("a plan that fails fails its change, which keeps what was done; and a cancelled change takes its run along", async () => {
  const failing = {
    ...scriptedPlan({ plan: [[planned]], code: [codes("1"), codes("2"), codes("hello")], review: [[rejected]] }),
    plan_id: "fails",
  };
  const remote = await withPlan("failing", failing);
  const id = await world.request("failing", "Say hello");
  const change = await world.reaches(id, "failed");
  expect(change).toMatchObject({ failureKind: "agent" });
  expect(change.failureMessage).toContain("it does not say please");
  expect(await gitIn(remote, "show", `${change.branchName}:hello.txt`)).toBe("hello");

  const hanging = {
    ...scriptedPlan({ plan: [[planned]], code: [[{ do: "hang" }]], review: [[approved]] }),
    plan_id: "hangs",
  };
  await withPlan("hanging", hanging);
  const other = await world.request("hanging", "Say hello");
  const run = await world.row(
    () => world.database.sql<{ id: RunId }[]>`
    select r.id from fairlead.runs r join fairlead.steps s on s.run_id = r.id
    where r.change_id = ${other} and s.key = 'code' and s.status = 'running'`,
  );
  await world.database.sql`select fairlead.cancel_change(${other}, 'ann')`;
  await runReaches(world, run.id, "cancelled");
  await world.cleaned(other);
  await world.row(async () => {
    const left = await world.database
      .sql`select from fairlead.steps where run_id = ${run.id} and status in ('pending', 'running', 'waiting')`;
    return left.length === 0 ? [{}] : [];
  });
});
