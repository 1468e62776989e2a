import { makeSandbox, removeSandbox } from "../sandbox.ts";
import type { Spares } from "../workers/spares.ts";
import { successorOf } from "../workers/successor.ts";
import type { Point } from "./boundaries.ts";
import type { Lane } from "./lane.ts";
import { type AnyWay, subjectOf } from "./subject.ts";

export interface PointRun {
  readonly way: AnyWay;
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
 * Carries one change, or one run of a plan, down its way with a worker that dies at a point, or never does, and a second one that takes over,
 * and looks at what has become of it and of the machine.
 */
export async function runPoint(
  lane: Lane,
  spares: Spares,
  { way, death }: { way: AnyWay; death: Point | null },
): Promise<PointRun> {
  const began = performance.now();
  const [sandbox, database] = await Promise.all([makeSandbox(), lane.database()]);
  const { sql } = database;
  const subject = subjectOf(way);
  const orders = { databaseUrl: database.url, home: sandbox.home, concurrency, watched: { death } };
  const first = await spares.begin(orders);
  const second = successorOf(first, orders);
  try {
    await first.started;
    await subject.begin(sql, sandbox);
    const isOver = await subject.carryOn(sql, AbortSignal.timeout(patienceMs));
    // Its way out has boundaries as well.
    first.kill("SIGTERM");
    const end = await first.ended;
    await second.finish();
    const found = await subject.problems(sql, sandbox, lane.ports);
    if (!isOver) found.unshift(`it was not at its end after ${patienceMs / 1000} s`);
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
