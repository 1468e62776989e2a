import { cp } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { writeSettings } from "../../../src/store/settings.ts";
import { connect, type Sql } from "../../../src/store/sql.ts";
import { withDatabase } from "../../support/database.ts";
import { problems } from "../checks/checks.ts";
import { untilAllLive, untilIdle } from "../checks/waits.ts";
import { seconds } from "../matrix/tables.ts";
import { orderMinutely } from "../minutely.ts";
import { carryOn, type OnTheWay } from "../person.ts";
import { addWorkspace, makeSandbox, removeSandbox, type Sandbox } from "../sandbox.ts";
import { ownServer, type Server } from "../server.ts";
import { ways } from "../ways.ts";
import { keepSpares } from "../workers/spares.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { type Beat, schedule } from "./schedule.ts";

export interface ChaosOptions {
  readonly seed: number;
  readonly changes: number;
  readonly say: (text: string) => void;
  /** Once aborted, nothing is waited for any more. */
  readonly interrupted: AbortSignal;
}

const workers = 3;
/** On two cores, starting workers anew takes half of the CPU at this rate. */
const beatMs = 1000;
const patienceMs = 1_200_000;
const firstPort = 30_500;
const ports = Array.from({ length: 400 }, (_, offset) => firstPort + offset);

/**
 * Carries many changes down all ways at once, while a worker is killed at each beat and Postgres crashes now and then,
 * and gives all that is wrong in the end.
 */
export async function runChaos({ seed, changes, say, interrupted }: ChaosOptions): Promise<string[]> {
  const server = await ownServer();
  const url = withDatabase(server.maintenanceUrl, server.template);
  const sql = connect(url, { max: 3 });
  const sandboxes = await makeSandboxes();
  const spares = keepSpares(workers);
  try {
    await writeSettings(sql, { firstPort, maxActiveChanges: 6 });
    const underway = await requestAll(sql, sandboxes, changes);
    const [{ home } = { home: "" }] = sandboxes;
    const fleet = startFleet(spares, { databaseUrl: url, home, concurrency: 2, watched: null }, workers);
    const over = new AbortController();
    const patience = AbortSignal.any([AbortSignal.timeout(patienceMs), interrupted]);
    const [late, strikes] = await Promise.all([
      carryOn(sql, underway, patience, progress(say)).finally(() => over.abort()),
      strike({ fleet, server, seed, over: over.signal }),
    ]);
    say(
      `${changes} changes: ${strikes.kills} workers killed, ${strikes.crashes} crashes of Postgres, ${seconds(strikes.elapsedMs)}`,
    );
    if (interrupted.aborted) return [...(await fleet.stop()), "it was broken off"];
    await untilAllLive(sql);
    await orderMinutely(sql);
    await untilIdle(sql);
    const badEnds = await fleet.stop();
    const found = await checkAll(sql, sandboxes, underway);
    return [...late.map(({ id, way }) => `${id} (${way}) did not come to its end`), ...badEnds, ...found];
  } finally {
    await spares.close();
    await sql.end({ timeout: 2 });
    for (const sandbox of sandboxes) await removeSandbox(sandbox);
    await server.close();
  }
}

function progress(say: (text: string) => void): (open: number) => void {
  let saidAt = performance.now();
  return (open) => {
    if (performance.now() - saidAt < 15_000) return;
    saidAt = performance.now();
    say(`${open} changes are on their way`);
  };
}

/** A repository for each way, all in one data folder. */
async function makeSandboxes(): Promise<Sandbox[]> {
  const first = await makeSandbox();
  const sandboxes: Sandbox[] = [];
  for (const way of ways) {
    const remote = `${first.folder}/${way}.git`;
    await cp(first.remote, remote, { recursive: true });
    sandboxes.push({ ...first, remote });
  }
  return sandboxes;
}

async function requestAll(sql: Sql, sandboxes: readonly Sandbox[], count: number): Promise<OnTheWay[]> {
  for (const [at, way] of ways.entries()) {
    const sandbox = sandboxes[at];
    if (sandbox !== undefined) await addWorkspace(sql, way, sandbox, way);
  }
  const requested: OnTheWay[] = [];
  for (let number = 0; number < count; number += 1) {
    const way = ways[number % ways.length] ?? "merged";
    const [row] = await sql<{ id: string }[]>`
      insert into fairlead.change_requests (workspace, request_text) values (${way}, ${`${way} ${number}`}) returning id`;
    requested.push({ id: row?.id ?? "", way });
  }
  return requested;
}

interface Strikes {
  kills: number;
  crashes: number;
  elapsedMs: number;
}

/** One beat after the other, by the clock. */
async function strike({
  fleet,
  server,
  seed,
  over,
}: {
  fleet: Fleet;
  server: Server;
  seed: number;
  over: AbortSignal;
}) {
  const began = performance.now();
  const done: Strikes = { kills: 0, crashes: 0, elapsedMs: 0 };
  const beats: Iterator<Beat> = schedule(seed, workers);
  for (let number = 1; !over.aborted; number += 1) {
    await delay(Math.max(0, began + number * beatMs - performance.now()), undefined, { signal: over }).catch(() => {});
    if (over.aborted) break;
    const beat: Beat = beats.next().value;
    if (beat.crashes) {
      await server.crash();
      done.crashes += 1;
    }
    if (fleet.kill(beat.victim)) done.kills += 1;
  }
  return { ...done, elapsedMs: performance.now() - began };
}

async function checkAll(sql: Sql, sandboxes: readonly Sandbox[], changes: readonly OnTheWay[]): Promise<string[]> {
  const found: string[] = [];
  for (const [at, way] of ways.entries()) {
    const [sandbox, own] = [sandboxes[at], changes.filter((change) => change.way === way)];
    if (sandbox !== undefined) found.push(...(await problems(sql, sandbox, { changes: own, ports })));
  }
  return [...new Set(found)];
}
