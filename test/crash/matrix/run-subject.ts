import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DatabaseUnavailable } from "../../../src/domain/faults/kernel.ts";
import type { Plan } from "../../../src/domain/plans/plan.ts";
import type { RunId } from "../../../src/domain/plans/run.ts";
import { registerPlan } from "../../../src/store/runs/plans.ts";
import { startRun } from "../../../src/store/runs/runs.ts";
import { faultOf, type Sql } from "../../../src/store/sql.ts";
import { planOf, step } from "../../support/plans.ts";
import { versionProblems } from "../checks/check-events.ts";
import { leftovers } from "../checks/checks.ts";
import { orderMinutely } from "../minutely.ts";
import type { Sandbox } from "../sandbox.ts";
import type { Subject } from "./subject.ts";

/** The ways that a run of a plan can go: to its end with all that a step can do, and cancelled while a step runs. */
export const runWays = ["planned", "stopped"] as const;
export type RunWay = (typeof runWays)[number];

export function isRunWay(way: string): way is RunWay {
  return (runWays as readonly string[]).includes(way);
}

/** A step that notes that it has begun, prints its lines in two pieces, and does what is said. */
const script = (id: string, needs: readonly string[], then = "", more = {}) =>
  step(id, needs, {
    command: "sh",
    args: ["-c", `echo ${id} >> begun; echo 1; sleep 0.15; echo 2; ${then}`],
    critical_grace_period_sec: 5,
    ...more,
  });

const waits = (id: string, needs: readonly string[]) =>
  ({ ...step(id, needs), kind: "wait", wait: { for: "approval", message: "?", who: [], deadline_sec: null } }) as never;

const calls = (id: string, needs: readonly string[]) =>
  ({ ...step(id, needs), kind: "plan", plan: "inner", variables: { WORD: "${steps.make.outputs.word}" } }) as never;

const plans: Readonly<Record<RunWay, Plan>> = {
  planned: planOf([
    script("make", [], 'echo word=tea > "$FAIRLEAD_OUTPUTS"', { outputs: ["word"] }),
    script("flaky", ["make"], "test -e tried || { touch tried; exit 3; }", { retries: 1 }),
    waits("ask", ["flaky"]),
    calls("call", ["ask"]),
  ]),
  stopped: planOf([
    script("hold", [], "sleep 60"),
    script("never", ["hold"]),
    script("clear", ["hold"], "", { when: { hold: ["finished"] } }),
  ]),
};

const inner = planOf(
  [script("inside", [], 'echo "$1" >> begun', { args: ["-c", 'echo "$1" >> begun', "sh", "${WORD}"] })],
  {
    plan_id: "inner",
    variables: [{ name: "WORD", default: null, required: true, description: null }],
  },
);

const endings: Readonly<Record<RunWay, { run: string; steps: Record<string, string>; begun: string[]; logs: number }>> =
  {
    planned: {
      run: "succeeded",
      steps: { make: "succeeded", flaky: "succeeded", ask: "succeeded", call: "succeeded", inside: "succeeded" },
      begun: ["make", "flaky", "flaky", "tea"],
      logs: 3,
    },
    stopped: {
      run: "cancelled",
      steps: { hold: "cancelled", never: "cancelled", clear: "succeeded" },
      begun: ["hold", "clear"],
      logs: 2,
    },
  };

const lookMs = 100;

export function runSubject(way: RunWay): Subject {
  let id = "" as RunId;
  return {
    async begin(sql, sandbox) {
      await mkdir(workIn(sandbox));
      await registerPlan(sql, inner);
      const planHash = await registerPlan(sql, plans[way]);
      const order = { planId: "test", planHash, variables: {}, folder: workIn(sandbox), agent: null };
      id = (await startRun(sql, { ...order, startedBy: null, idempotencyKey: null })).id;
      await orderMinutely(sql);
    },
    async carryOn(sql, late) {
      while (!late.aborted) {
        try {
          if (await isOver(sql, id)) return true;
          await sayWord(sql, way, id);
        } catch (error) {
          if (!(faultOf(error) instanceof DatabaseUnavailable)) throw error;
        }
        await delay(lookMs);
      }
      return false;
    },
    async problems(sql, sandbox, ports) {
      return [
        ...(await endProblems(sql, way)),
        ...(await effectProblems(sandbox, way)),
        ...(await logProblems(sql, way)),
        ...(await versionProblems(sql)),
        ...(await leftovers(sql, sandbox, ports)),
      ];
    },
  };
}

const workIn = ({ folder }: Sandbox): string => join(folder, "work");

async function isOver(sql: Sql, id: RunId): Promise<boolean> {
  const rows = await sql`
    select from fairlead.runs r where r.id = ${id} and r.finished_at is not null
      and not exists (select from fairlead.environments e where e.run_id = r.id and e.status <> 'terminated')
      and not exists (select from fairlead.jobs j where j.key is not null and j.task_identifier in (
        select unnest(s.tasks) from fairlead.statuses s))`;
  return rows.length === 1;
}

/** Nothing is said twice: whoever is asked is asked once, and who has been cancelled is ending. */
async function sayWord(sql: Sql, way: RunWay, id: RunId): Promise<void> {
  if (way === "planned") {
    await sql`
      select fairlead.answer_step(s.run_id, 'approve', s.key, 'somebody') from fairlead.steps s
      where s.run_id = ${id} and s.key = 'ask' and s.status = 'waiting'`;
  } else {
    await sql`
      select fairlead.cancel_run(r.id, 'somebody') from fairlead.runs r
      where r.id = ${id} and r.ending is null and r.finished_at is null
        and exists (select from fairlead.log_chunks l where l.run_id = r.id)`;
  }
}

async function endProblems(sql: Sql, way: RunWay): Promise<string[]> {
  const wanted = endings[way];
  const runs = await sql<{ status: string; failureMessage: string | null }[]>`
    select status, failure_message from fairlead.runs order by depth`;
  const steps = await sql<{ key: string; status: string }[]>`select key, status from fairlead.steps`;
  const found = JSON.stringify(Object.fromEntries(steps.map(({ key, status }) => [key, status]).toSorted()));
  const asked = JSON.stringify(Object.fromEntries(Object.entries(wanted.steps).toSorted()));
  return [
    ...(runs[0]?.status === wanted.run ? [] : [`the run ${runs[0]?.status}: ${runs[0]?.failureMessage}`]),
    ...(found === asked ? [] : [`its steps are ${found} instead of ${asked}`]),
  ];
}

/** Each attempt is one start, whoever died meanwhile. */
async function effectProblems(sandbox: Sandbox, way: RunWay): Promise<string[]> {
  const begun = (await readFile(join(workIn(sandbox), "begun"), "utf8").catch(() => "")).trim().split("\n");
  const wanted = endings[way].begun;
  return begun.join() === wanted.join() ? [] : [`what began is ${begun} instead of ${wanted}`];
}

/** What `hold` prints last may not be there: it is stopped on its way. */
async function logProblems(sql: Sql, way: RunWay): Promise<string[]> {
  const rows = await sql<{ process: string; startByte: number; endByte: number; text: string }[]>`
    select process, start_byte, end_byte, text from fairlead.log_chunks where stream = 'stdout' order by process, seq`;
  const found: string[] = [];
  const byProcess = Map.groupBy(rows, ({ process }) => process);
  for (const [process, chunks] of byProcess) {
    const text = chunks.map((chunk) => chunk.text).join("");
    const isGapless = chunks.every(({ startByte }, at) => startByte === (chunks[at - 1]?.endByte ?? 0));
    const isStopped = way === "stopped" && text === "1\n"; // `hold` is, on its way
    if (!isGapless || (text !== "1\n2\n" && !isStopped)) found.push(`the log of ${process} is ${JSON.stringify(text)}`);
  }
  if (byProcess.size !== endings[way].logs) found.push(`there are the logs of ${byProcess.size} processes`);
  return found;
}
