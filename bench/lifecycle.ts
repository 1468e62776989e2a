import { Logger, type Runner, run, type Task } from "graphile-worker";
import { ulid } from "ulid";
import type { AgentUsage } from "../src/domain/agents/agent.ts";
import type { Seen } from "../src/domain/change.ts";
import type { ChangeId, EnvironmentId } from "../src/domain/ids.ts";
import { startWorker } from "../src/main/worker.ts";
import {
  approveChange,
  changeAsSeen,
  settleDeployed,
  settleImplemented,
  settleMerged,
  settleProvisioned,
} from "../src/store/changes.ts";
import { environmentAsSeen, settleTerminated } from "../src/store/environments.ts";
import type { Sql } from "../src/store/sql.ts";
import { nullServices } from "./null-services.ts";

export interface Bench {
  readonly sql: Sql;
  readonly url: string;
  /** How many are under way at once: each lane begins its next when its last has ended. */
  readonly lanes: number;
  readonly perRound: number;
}

const quiet = new Logger(() => () => {});
const nothing: AgentUsage = { costUsd: 0, inputTokens: 0, outputTokens: 0 };
const blueprint = { setup: null, start: null, check: null, port: null, source: "bench" };

/** Whole lifecycles a second by tasks that do what every task does, load and settle, and nothing between. */
export async function lifecycles(bench: Bench): Promise<number> {
  const { sql } = bench;
  const signals = makeSignals();
  const change =
    (settle: (seen: Seen<ChangeId>) => Promise<unknown>): Task =>
    async (payload) => {
      const loaded = await changeAsSeen(sql, payload as Seen<ChangeId>);
      if (loaded !== null) await settle(loaded);
    };
  const tasks: Record<string, Task> = {
    // Each change merges into a branch of its own: merges into one branch go one at a time by design.
    provision: change((seen) =>
      settleProvisioned(sql, seen, { branchName: "b", targetBranch: seen.id, baseCommit: "0", blueprint }),
    ),
    implement: change((seen) =>
      settleImplemented(sql, seen, {
        headCommit: "1",
        baseCommit: "0",
        summary: "s",
        sessionId: null,
        usage: nothing,
        sessionTotal: null,
      }),
    ),
    preview: change(async (seen) => {
      await settleDeployed(sql, seen, { preview: { url: "http://localhost:1", port: 1 } });
      signals.emit(`deployed ${seen.id}`);
    }),
    merge: change((seen) => settleMerged(sql, seen, "2")),
    cleanup: async (payload) => {
      const loaded = await environmentAsSeen(sql, payload as Seen<EnvironmentId>);
      if (loaded === null) return;
      await settleTerminated(sql, loaded);
      signals.emit(`cleaned ${loaded.changeId}`);
    },
  };
  const runner = await startRunner(bench, tasks);
  const perSecond = await inLanes(bench, async () => {
    const id = ulid() as ChangeId;
    const [deployed, cleaned] = [signals.next(`deployed ${id}`), signals.next(`cleaned ${id}`)];
    await sql`insert into fairlead.change_requests (id, workspace, request_text) values (${id}, 'bench', 'Nothing')`;
    await deployed;
    await approveChange(sql, { id, by: "bench", note: null, seenVersion: null });
    await cleaned;
  });
  await runner.stop();
  return perSecond;
}

/** Chains of as many jobs a second, each adding the next; `transaction` moves a row in the same transaction. */
export async function chains(bench: Bench, kind: "bare" | "transaction"): Promise<number> {
  const { sql } = bench;
  const signals = makeSignals();
  const names = ["one", "two", "three", "four", "five"] as const;
  await sql`create table if not exists public.bench_chains (id text primary key, status text)`;
  const tasks = Object.fromEntries(
    names.map((name, place): [string, Task] => [
      name,
      async (payload) => {
        const { id } = payload as { id: string };
        const next = names[place + 1];
        if (next === undefined) signals.emit(id);
        else if (kind === "bare") await addJob(sql, next, id);
        else {
          await sql.begin(async (transaction) => {
            await transaction`update public.bench_chains set status = ${next} where id = ${id}`;
            await addJob(transaction as unknown as Sql, next, id);
          });
        }
      },
    ]),
  );
  const runner = await startRunner(bench, tasks);
  const perSecond = await inLanes(bench, async () => {
    const id = ulid();
    const ended = signals.next(id);
    if (kind === "transaction") await sql`insert into public.bench_chains (id, status) values (${id}, 'one')`;
    await addJob(sql, "one", id);
    await ended;
  });
  await runner.stop();
  return perSecond;
}

async function addJob(sql: Sql, task: string, id: string): Promise<void> {
  await sql`select fairlead_worker.add_job(${task}, ${sql.json({ id })}::json, job_key => ${id})`;
}

/** Whole lifecycles a second by the real worker and the real tasks, with environments, git and agents that do nothing. */
export async function realLifecycles(bench: Bench): Promise<number> {
  const { sql, url } = bench;
  const worker = await startWorker({ services: nullServices(sql), databaseUrl: url, concurrency: 12 });
  try {
    return await inLanes({ ...bench, perRound: bench.perRound / 3 }, () => oneReal(sql, "cleaned"));
  } finally {
    await worker.stop();
  }
}

/** Milliseconds from INSERT to merged of one change with nothing else under way, by the real tasks; the median of 50. */
export async function alone({ sql, url }: Bench): Promise<number> {
  const worker = await startWorker({ services: nullServices(sql), databaseUrl: url, concurrency: 12 });
  const times: number[] = [];
  try {
    for (let turn = 0; turn < 55; turn += 1) {
      const before = performance.now();
      await oneReal(sql, "merged");
      if (turn >= 5) times.push(performance.now() - before);
    }
  } finally {
    await worker.stop();
  }
  return times.sort((a, b) => a - b)[25] ?? 0;
}

const heard = makeSignals();
let listening: Promise<unknown> | undefined;

async function oneReal(sql: Sql, until: "merged" | "cleaned"): Promise<void> {
  listening ??= sql.listen("fairlead", (text) => {
    const { entity, id, status } = JSON.parse(text) as { entity: string; id: string; status: string };
    heard.emit(`${entity} ${id} ${status}`);
  });
  await listening;
  const id = ulid() as ChangeId;
  const [deployed, merged] = [heard.next(`change ${id} deployed`), heard.next(`change ${id} merged`)];
  await sql`insert into fairlead.change_requests (id, workspace, request_text, target_branch)
    values (${id}, 'bench', 'Nothing', ${id})`;
  const [row] = await sql<
    { environmentId: string }[]
  >`select environment_id from fairlead.change_requests where id = ${id}`;
  const cleaned = heard.next(`environment ${row?.environmentId} terminated`);
  await deployed;
  await approveChange(sql, { id, by: "bench", note: null, seenVersion: null });
  await (until === "merged" ? merged : cleaned);
}

async function startRunner({ url }: Bench, taskList: Record<string, Task>): Promise<Runner> {
  return run({
    connectionString: url,
    taskList,
    parsedCronItems: [],
    noHandleSignals: true,
    logger: quiet,
    preset: {
      worker: {
        schema: "fairlead_worker",
        concurrentJobs: 10,
        maxPoolSize: 12,
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
        localQueue: { size: 11 },
      },
    },
  });
}

async function inLanes({ lanes, perRound }: Bench, one: () => Promise<void>): Promise<number> {
  const before = performance.now();
  const late = setTimeout(() => {
    throw new Error("a round of the bench has not ended in two minutes");
  }, 120_000);
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (let turn = 0; turn < perRound / lanes; turn += 1) await one();
    }),
  );
  clearTimeout(late);
  return (Math.ceil(perRound / lanes) * lanes * 1000) / (performance.now() - before);
}

/** Promises by name: whoever waits for one has said so before it can come. */
function makeSignals(): { next(name: string): Promise<void>; emit(name: string): void } {
  const waiting = new Map<string, () => void>();
  return {
    next: (name) => new Promise((resolve) => waiting.set(name, resolve)),
    emit(name) {
      waiting.get(name)?.();
      waiting.delete(name);
    },
  };
}
