import { RunAmbiguous, RunUnknown, StepUnknown } from "../../domain/faults/runs.ts";
import type { IdOrEnding } from "../../domain/ids.ts";
import type { Run, RunId } from "../../domain/plans/run.ts";
import { findRun as byId, runsEndingIn } from "../../store/runs/runs.ts";
import { findStep } from "../../store/runs/steps.ts";
import { idsNamed, nameOf } from "../ids-named.ts";
import type { Services } from "../services.ts";

/** The run that is meant. Throws `RunUnknown` or `RunAmbiguous`. */
export async function findRun({ sql }: Pick<Services, "sql">, name: IdOrEnding<RunId>): Promise<Run> {
  const [only, other] = await idsNamed(name, (ending) => runsEndingIn(sql, ending));
  if (other !== undefined) throw new RunAmbiguous(nameOf(name));
  const run = only === undefined ? null : await byId(sql, only);
  if (run === null) throw new RunUnknown(nameOf(name));
  return run;
}

/** Throws `StepUnknown`: a mistyped step would otherwise look like one that has nothing to say. */
export async function needStep({ sql }: Pick<Services, "sql">, runId: RunId, key: string): Promise<void> {
  if ((await findStep(sql, runId, key)) === null) throw new StepUnknown(runId, key);
}
