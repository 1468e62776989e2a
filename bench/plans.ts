import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import Table from "cli-table3";
import { execa } from "execa";
import type { Plan, PlanStep } from "../src/domain/plans/plan.ts";
import type { RunId } from "../src/domain/plans/run.ts";
import { makeLog } from "../src/main/log.ts";
import { makeServices } from "../src/main/services.ts";
import { startWorker } from "../src/main/worker.ts";
import { discardEmbedded } from "../src/providers/postgres/embedded/discard-embedded.ts";
import { openPostgres } from "../src/providers/postgres/open-postgres.ts";
import { migrate } from "../src/store/migrate.ts";
import { registerPlan } from "../src/store/runs/plans.ts";
import { findRun, startRun } from "../src/store/runs/runs.ts";
import { connect, type Sql } from "../src/store/sql.ts";
import { parseSettings } from "../src/wire/settings.ts";
import { planOf, step } from "../test/support/plans.ts";

// npm run bench:plans: what a step costs over starting its process, beside make and ninja, all measured in this run.

const width = 20;

async function main(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "fairlead-bench-"));
  const postgres = await openPostgres({ home, databaseUrl: undefined });
  await migrate(postgres.url);
  const sql = connect(postgres.url);
  const settings = parseSettings({ FAIRLEAD_HOME: home, FAIRLEAD_LOG_LEVEL: "error" });
  const services = makeServices(settings, sql, makeLog(settings.logLevel));
  const worker = await startWorker({ services, databaseUrl: postgres.url, concurrency: 4 });
  try {
    await measure(sql, home);
  } finally {
    await worker.stop();
    await sql.end();
    await postgres.close();
    await discardEmbedded(home);
    await rm(home, { recursive: true, force: true });
  }
}

async function measure(sql: Sql, home: string): Promise<void> {
  const size = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);
  const [many, most] = [size("BENCH_STEPS", 1000), size("BENCH_MOST", 10_000)];
  const table = new Table({
    head: ["plan of `true`", "at once", "ms a step", "bare process", "over it", "make", "ninja"],
    style: { head: [], border: [] },
  });
  say("warming up");
  await took(sql, layered(100, 8), 8);
  for (const atOnce of [2, 8]) {
    say(`${many} steps in layers, ${atOnce} at once`);
    const plan = layered(many, atOnce);
    const [ours, bare] = [await took(sql, plan, atOnce), await bareProcesses(many, atOnce)];
    const others = [await withMake(home, plan, atOnce), await withNinja(home, plan, atOnce)];
    table.push([`${many} in layers`, atOnce, ...inMs([ours, bare, ours - bare, ...others], many)]);
  }
  for (const length of [many / 10, many]) {
    say(`a chain of ${length}`);
    const [ours, bare] = [await took(sql, chain(length), 1), await bareProcesses(length, 1)];
    table.push([`${length} in a chain`, 1, ...inMs([ours, bare, ours - bare], length), "", ""]);
  }
  for (const total of [many / 10, many, most]) {
    say(`${total} steps in layers, for how flat it is`);
    const ours = await took(sql, layered(total, 8), 8);
    table.push([`${total} in layers`, 8, ...inMs([ours], total), "", "", "", ""]);
  }
  const started = await startsIn(sql, layered(most, 8));
  process.stdout.write(`${table.toString()}\n`);
  process.stdout.write(`a plan of ${most} steps: accepted and started in ${started.toFixed(0)} ms (to reach: 2,000)\n`);
}

const inMs = (times: readonly number[], steps: number): string[] => times.map((ms) => (ms / steps).toFixed(2));

/** Layers of 20, each step after two of the layer before. */
function layered(count: number, atOnce: number): Plan {
  const steps = Array.from({ length: count }, (_, index): PlanStep => {
    const above = index - width;
    const needs = above < 0 ? [] : [`s${above}`, `s${above - (above % width) + ((above + 7) % width)}`];
    return step(
      `s${index}`,
      [...new Set(needs)].filter((id) => Number(id.slice(1)) < index),
    );
  });
  return planOf(steps, { plan_id: `layers-${count}`, globals: { ...planOf([]).globals, max_concurrency: atOnce } });
}

function chain(length: number): Plan {
  const steps = Array.from({ length }, (_, index) => step(`s${index}`, index === 0 ? [] : [`s${index - 1}`]));
  return planOf(steps, { plan_id: `chain-${length}` });
}

/** Milliseconds from start_run() to the run's end. */
async function took(sql: Sql, plan: Plan, atOnce: number): Promise<number> {
  const planHash = await registerPlan(sql, plan);
  const ended = Promise.withResolvers<void>();
  let id: RunId | null = null;
  const look = async () => {
    const run = id === null ? null : await findRun(sql, id);
    if (run?.failureMessage) ended.reject(new Error(`at ${atOnce} at once: ${run.failureMessage}`));
    else if (run?.finishedAt) ended.resolve();
  };
  const watching = setInterval(() => void look().catch(ended.reject), 100);
  const before = performance.now();
  const run = await startRun(sql, { ...noRun, planId: plan.plan_id, planHash });
  id = run.id;
  await ended.promise.finally(() => clearInterval(watching));
  const finished = await findRun(sql, run.id);
  const late = performance.now() - before;
  return Math.min(late, (finished?.finishedAt?.getTime() ?? 0) - run.createdAt.getTime());
}

const noRun = { variables: {}, folder: null, agent: null, startedBy: null, idempotencyKey: null } as const;

/** Milliseconds until its first step has begun, with the plan handed over. */
async function startsIn(sql: Sql, plan: Plan): Promise<number> {
  const before = performance.now();
  const planHash = await registerPlan(sql, { ...plan, plan_id: "starts" });
  const run = await startRun(sql, { ...noRun, planId: "starts", planHash });
  for (let looks = 0; looks < 10_000; looks += 1) {
    const rows = await sql`select from fairlead.step_attempts where run_id = ${run.id} limit 1`;
    if (rows.length > 0) break;
    await delay(1);
  }
  const ms = performance.now() - before;
  await sql`select fairlead.cancel_run(${run.id}, at_once => true)`;
  return ms;
}

/** As many processes, so many at once, and nothing else. */
async function bareProcesses(count: number, atOnce: number): Promise<number> {
  const before = performance.now();
  let left = count;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left > 0) {
        left -= 1;
        await once(spawn("true", { stdio: "ignore" }), "exit");
      }
    }),
  );
  return performance.now() - before;
}

async function withMake(home: string, plan: Plan, atOnce: number): Promise<number> {
  const file = join(home, "Makefile");
  const rules = plan.steps.map(({ id, depends_on }) => `${id}: ${depends_on.join(" ")}\n\t@true x\n`);
  const all = plan.steps.map(({ id }) => id).join(" ");
  await writeFile(file, `.PHONY: all ${all}\nall: ${all}\n${rules.join("")}`);
  return timed("make", ["-j", String(atOnce), "-s", "-f", file, "all"]);
}

async function withNinja(home: string, plan: Plan, atOnce: number): Promise<number> {
  const file = join(home, "build.ninja");
  const edges = plan.steps.map(({ id, depends_on }) => `build ${id}: run ${depends_on.join(" ")}\n`);
  await writeFile(file, `rule run\n  command = true\n${edges.join("")}`);
  return timed("ninja", ["-C", home, "--quiet", "-j", String(atOnce)]);
}

/** NaN where the tool is not installed. */
async function timed(program: string, args: readonly string[]): Promise<number> {
  const before = performance.now();
  const { code } = await execa(program, args, { reject: false, stdout: "ignore" });
  return code === "ENOENT" ? Number.NaN : performance.now() - before;
}

function say(what: string): void {
  process.stderr.write(`${what} …\n`);
}

await main();
