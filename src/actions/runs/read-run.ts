import type { Run } from "../../domain/plans/run.ts";
import type { RunWithSteps } from "../../domain/plans/run-progress.ts";
import { countSteps, spentOf, stepsAfter } from "../../store/runs/steps.ts";
import type { Services } from "../services.ts";

/** A run with its steps after a position of its plan, as many as are asked for. */
export async function readRun(
  { sql }: Pick<Services, "sql">,
  run: Run,
  { after, limit }: { after: number; limit: number },
): Promise<RunWithSteps> {
  const [found, counts, spent] = await Promise.all([
    // One more than asked for, to know whether there is another page.
    stepsAfter(sql, { runId: run.id, position: after, limit: limit + 1 }),
    countSteps(sql, run.id),
    spentOf(sql, run.id),
  ]);
  const steps = found.slice(0, limit);
  const next = found.length > steps.length ? (steps.at(-1)?.position ?? null) : null;
  return { run, counts, spent, steps, next };
}
