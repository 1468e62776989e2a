import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CommandStep } from "../../src/domain/plans/plan.ts";
import type { RunId } from "../../src/domain/plans/run.ts";
import { cancelRun, findRun, retryRun } from "../../src/store/runs/runs.ts";
import { answerStep, findStep } from "../../src/store/runs/steps.ts";
import { planOf, step } from "../support/plans.ts";
import { allAttempts, runReaches, startPlan, stepReaches, stepStatuses } from "../support/runs.ts";
import { makeWorld, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
  await world.startWorker();
});
afterAll(() => world.close());

/** A step that runs a shell script of the test's own. */
const shell = (id: string, script: string, needs: readonly string[] = [], more: Partial<CommandStep> = {}) =>
  step(id, needs, { command: "sh", args: ["-c", script], ...more });

const folder = () => mkdtemp(join(world.home, "folder-"));
const word = (id: RunId) => ({ id, by: "ann", note: null, seenVersion: null });

test("a diamond runs in order in the folder that it is given, and leaves that folder alone", async () => {
  const where = await folder();
  const id = await startPlan(
    world,
    planOf([
      shell("a", "echo a >> order"),
      shell("b", "echo b >> order", ["a"]),
      shell("c", "echo c >> order", ["a"]),
      shell("d", "echo d >> order", ["b", "c"]),
    ]),
    { folder: where },
  );
  const run = await runReaches(world, id, "succeeded");
  const order = (await readFile(join(where, "order"), "utf8")).trim().split("\n");
  expect([order[0], order[3], order.toSorted()]).toEqual(["a", "d", ["a", "b", "c", "d"]]);
  await gone(run.environmentId);
  expect(existsSync(join(where, "order"))).toBe(true);
});

/** Waits until nothing of an environment is left. */
async function gone(environmentId: string | null): Promise<void> {
  await world.row(
    () =>
      world.database.sql`select id from fairlead.environments where id = ${environmentId} and status = 'terminated'`,
  );
  const provider = world.services.provider("local");
  expect(await provider.remains((environmentId ?? "") as never)).toEqual({ folder: false, processes: [] });
  expect(await world.database.sql`select kind, name from fairlead.leaks`).toEqual([]);
}

test("outputs and variables go from step to step as arguments, whatever is in them", async () => {
  const where = await folder();
  const hostile = "$(touch pwned) \"; rm -rf * `id` 'x' ${HOME}";
  const id = await startPlan(
    world,
    planOf(
      [
        shell("build", "", [], {
          args: ["-c", `printf '%s\\n' "sha=$1" > "$FAIRLEAD_OUTPUTS"`, "sh", "${NAME}"],
          outputs: ["sha"],
        }),
        step("show", ["build"], { command: "printf", args: ["%s", "${steps.build.outputs.sha}", "$$"] }),
      ],
      { variables: [{ name: "NAME", default: null, required: true, description: null }] },
    ),
    { folder: where, variables: { NAME: hostile } },
  );
  await runReaches(world, id, "succeeded");
  expect((await findStep(world.database.sql, id, "build"))?.outputs).toEqual({ sha: hostile });
  expect(existsSync(join(where, "pwned"))).toBe(false);
});

test("a step works where it says, also beside its folder, and says where there is no such place", async () => {
  const where = await folder();
  await mkdir(join(where, "inner"));
  const id = await startPlan(
    world,
    planOf([
      shell("inside", "pwd > here", [], { cwd: "inner" }),
      shell("beside", `test "$(pwd)" = "$1"`, [], {
        args: ["-c", `test "$(pwd)" = "$1"`, "sh", world.home],
        cwd: "..",
      }),
      shell("nowhere", "true", ["inside", "beside"], { cwd: "missing" }),
    ]),
    { folder: where },
  );
  const run = await runReaches(world, id, "failed");
  expect(await readFile(join(where, "inner", "here"), "utf8")).toBe(`${join(where, "inner")}\n`);
  expect(run.failureMessage).toContain(`there is no folder ${join(where, "missing")} on the machine`);
  expect(await stepStatuses(world, id)).toMatchObject({ inside: "succeeded", beside: "succeeded" });
});

test("a step that fails is tried again after a pause that grows, and each attempt is kept", async () => {
  const where = await folder();
  const id = await startPlan(
    world,
    planOf([
      shell("flaky", "echo x >> tries; test $(wc -l < tries) -ge 3", [], {
        retries: 2,
        retry_delay_sec: 0.2,
        retry_backoff: 2,
      }),
    ]),
    { folder: where },
  );
  await runReaches(world, id, "succeeded");
  const attempts = await allAttempts(world.database.sql, id);
  expect(attempts.map(({ number, status, exitCode }) => [number, status, exitCode])).toEqual([
    [1, "failed", 1],
    [2, "failed", 1],
    [3, "succeeded", 0],
  ]);
  const pauses = attempts
    .slice(1)
    .map(({ startedAt }, at) => startedAt.getTime() - (attempts[at]?.finishedAt?.getTime() ?? 0));
  expect(pauses[0]).toBeGreaterThanOrEqual(200);
  expect(pauses[1]).toBeGreaterThanOrEqual(400);
});

test("a time limit stops the whole process tree", async () => {
  const where = await folder();
  const id = await startPlan(
    world,
    planOf([
      shell("slow", "setsid sleep 300 & trap '' TERM; sleep 300", [], {
        timeout_sec: 0.5,
        critical_grace_period_sec: 0.2,
      }),
    ]),
    { folder: where },
  );
  const run = await runReaches(world, id, "failed");
  expect(run).toMatchObject({ failureKind: "step", failedStep: "slow" });
  expect(run.failureMessage).toContain("stopped after 0.5 s, its time limit");
  await gone(run.environmentId);
});

test("a failure aborts what runs, skips what has not begun, and lets what is there for failures clear up", async () => {
  const where = await folder();
  const id = await startPlan(
    world,
    planOf([
      shell("lock", "touch lock"),
      shell("other", "trap 'exit 1' TERM; sleep 300 & wait", ["lock"]),
      shell("check", "echo broken >&2; exit 3", ["lock"]),
      shell("merge", "touch merged", ["check"]),
      shell("unlock", "rm lock", ["merge", "other"], { when: { merge: ["finished"], other: ["finished"] } }),
    ]),
    { folder: where },
  );
  const run = await runReaches(world, id, "failed");
  expect(await stepStatuses(world, id)).toEqual({
    lock: "succeeded",
    other: "cancelled",
    check: "failed",
    merge: "skipped",
    unlock: "succeeded",
  });
  expect(run).toMatchObject({ failedStep: "check", failureMessage: "step check: exit status 3: broken" });
  expect([existsSync(join(where, "lock")), existsSync(join(where, "merged"))]).toEqual([false, false]);
});

test("a run that is retried keeps what succeeded, and from a step it does that one anew", async () => {
  const where = await folder();
  const id = await startPlan(
    world,
    planOf([
      shell("once", "echo once >> log"),
      shell("fails", "echo fails >> log; test -e fixed", ["once"]),
      shell("last", "echo last >> log", ["fails"]),
    ]),
    { folder: where },
  );
  const log = async () => (await readFile(join(where, "log"), "utf8")).trim().split("\n");
  await runReaches(world, id, "failed");
  await writeFile(join(where, "fixed"), "");
  await retryRun(world.database.sql, word(id), null);
  await runReaches(world, id, "succeeded");
  expect(await log()).toEqual(["once", "fails", "fails", "last"]);
  await retryRun(world.database.sql, word(id), "fails");
  await runReaches(world, id, "succeeded");
  expect(await log()).toEqual(["once", "fails", "fails", "last", "fails", "last"]);
});

test("a person's word is waited for, heard from those who may speak, and told to the steps behind", async () => {
  const { sql } = world.database;
  const ask = (id: string, wait: object, needs: readonly string[] = []) =>
    ({ ...step(id, needs), kind: "wait", wait }) as never;
  const id = await startPlan(
    world,
    planOf(
      [
        ask("approve", { for: "approval", message: "Ship ${V}?", who: ["bob"], deadline_sec: null }),
        ask("where", { for: "choice", message: "Where?", choices: ["here", "there"], who: [], deadline_sec: null }, [
          "approve",
        ]),
        ask("why", { for: "answer", message: "Why?", who: [], deadline_sec: 60 }, ["where"]),
        ask("late", { for: "approval", message: "Too late?", who: [], deadline_sec: 0.3 }, ["why"]),
        step("show", ["why"], {
          command: "test",
          args: ["${steps.where.outputs.choice} ${steps.why.outputs.answer}", "=", "there because"],
        }),
      ],
      { variables: [{ name: "V", default: "1.2", required: false, description: null }] },
    ),
  );
  const asked = await stepReaches(world, id, "approve", "waiting");
  expect(asked.waitsFor).toEqual({ for: "approval", message: "Ship 1.2?", who: ["bob"] });
  const say = (step: string, word: string, by: string) =>
    answerStep(sql, { runId: id, step, word, by, note: null, seenVersion: null });
  await expect(say("approve", "approve", "eve")).rejects.toThrow("eve may not answer");
  await expect(say("approve", "perhaps", "bob")).rejects.toThrow("asks for an approval");
  await say("approve", "approve", "bob");
  await stepReaches(world, id, "where", "waiting");
  await expect(say("where", "nowhere", "ann")).rejects.toThrow("is no choice");
  await say("where", "there", "ann");
  await stepReaches(world, id, "why", "waiting");
  await say("why", "because", "ann");
  const run = await runReaches(world, id, "failed");
  expect(await stepStatuses(world, id)).toMatchObject({ late: "failed" });
  expect(run.failureMessage).toContain("nobody answered in time");
  await expect(say("why", "again", "ann")).rejects.toThrow("waits for nobody's word");
});

test("a run that is cancelled stops what runs, lets what is there for failures clear up, and at once does not", async () => {
  const plan = planOf([
    shell("long", "sleep 300"),
    shell("clear", "sleep 0.2; touch cleared", ["long"], { when: { long: ["finished"] } }),
  ]);
  for (const atOnce of [false, true]) {
    const where = await folder();
    const id = await startPlan(world, plan, { folder: where });
    await stepReaches(world, id, "long", "running");
    await cancelRun(world.database.sql, word(id), atOnce);
    const run = await runReaches(world, id, "cancelled");
    expect(run.failureMessage).toBe("cancelled by ann");
    expect(existsSync(join(where, "cleared"))).toBe(!atOnce);
    await gone(run.environmentId);
  }
});

test("a plan calls another with variables of its own, and is cancelled with it", async () => {
  const { sql } = world.database;
  const inner = planOf(
    [
      shell("write", "", [], {
        command: "sh",
        args: ["-c", 'echo "$1" > said; test "$1" != wait || sleep 300', "sh", "${WORD}"],
      }),
    ],
    {
      plan_id: "inner",
      variables: [{ name: "WORD", default: null, required: true, description: null }],
    },
  );
  const outer = (word: string) =>
    planOf([{ ...step("call"), kind: "plan", plan: "inner", variables: { WORD: word }, timeout_sec: 60 } as never], {
      plan_id: "outer",
    });
  const warm = await startPlan(world, inner, { variables: { WORD: "warm" } });
  await runReaches(world, warm, "succeeded");
  const where = await folder();
  await runReaches(world, await startPlan(world, outer("hello"), { folder: where }), "succeeded");
  expect(await readFile(join(where, "said"), "utf8")).toBe("hello\n");

  const id = await startPlan(world, outer("wait"), { folder: where });
  const call = await stepReaches(world, id, "call", "waiting");
  const child = (call.waitsFor as { run: RunId }).run;
  await stepReaches(world, child, "write", "running");
  await cancelRun(sql, word(id), false);
  expect((await runReaches(world, id, "cancelled")).status).toBe("cancelled");
  expect((await findRun(sql, child))?.status).toBe("cancelled");
});

test("steps that wait for a time take up no room", async () => {
  const wait = (id: string) => ({ ...step(id), kind: "wait", wait: { for: "time", seconds: 0.5 } }) as never;
  const id = await startPlan(
    world,
    planOf(["a", "b", "c", "d", "e", "f"].map(wait), {
      globals: { max_concurrency: 1, default_timeout_sec: 60, env: {}, cwd: null },
    }),
  );
  const run = await runReaches(world, id, "succeeded");
  expect((run.finishedAt?.getTime() ?? 0) - (run.startedAt?.getTime() ?? 0)).toBeLessThan(2_900);
});
