import type { Sql } from "../../src/store/sql.ts";
import type { Point } from "./boundaries.ts";
import { problems } from "./checks.ts";
import { heirOf } from "./heir.ts";
import type { Lane } from "./lane.ts";
import { orderMinutely } from "./minutely.ts";
import { carryOn, type OnTheWay } from "./person.ts";
import { addWorkspace, makeSandbox, removeSandbox } from "./sandbox.ts";
import type { Spares } from "./spares.ts";
import type { Way } from "./ways.ts";

export interface PointRun {
  readonly way: Way;
  readonly death: Point | null;
  /** Whether the worker died where it was to. */
  readonly reached: boolean;
  readonly problems: readonly string[];
  /** The boundaries that the first worker has passed, in order, up to its death. */
  readonly passed: readonly Point[];
  readonly elapsedMs: number;
}

const patienceMs = 40_000;
const concurrency = 2;

/**
 * Carries one change down its way with a worker that dies at a point, or never does, and a second one that takes over,
 * and looks at what has become of it and of the machine.
 */
export async function runPoint(
  lane: Lane,
  spares: Spares,
  { way, death }: { way: Way; death: Point | null },
): Promise<PointRun> {
  const began = performance.now();
  const [sandbox, database] = await Promise.all([makeSandbox(), lane.database()]);
  const { sql } = database;
  await addWorkspace(sql, "shop", sandbox, way);
  const orders = { databaseUrl: database.url, home: sandbox.home, concurrency, watched: { death } };
  const first = await spares.begin(orders);
  const second = heirOf(first, orders);
  try {
    await first.started;
    const change = await request(sql, way);
    const late = await carryOn(sql, [change], AbortSignal.timeout(patienceMs));
    // Its way out has boundaries as well.
    first.kill("SIGTERM");
    const end = await first.ended;
    await second.finish();
    const found = await problems(sql, sandbox, { changes: [change], ports: lane.ports });
    if (late.length > 0) found.unshift(`it was not at its end after ${patienceMs / 1000} s`);
    if (found.length > 0) found.push(first.complaints(), ...second.complaints());
    const elapsedMs = performance.now() - began;
    return { way, death, reached: end === "SIGKILL", problems: found, passed: first.passed, elapsedMs };
  } finally {
    first.kill("SIGKILL");
    await second.finish();
    await database.drop();
    await removeSandbox(sandbox);
  }
}

async function request(sql: Sql, way: Way): Promise<OnTheWay> {
  const [row] = await sql<{ id: string }[]>`
    insert into fairlead.change_requests (workspace, request_text) values ('shop', ${way}) returning id`;
  // So that they come in each run.
  await orderMinutely(sql);
  return { id: row?.id ?? "", way };
}
