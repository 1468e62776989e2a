import type { Seen } from "../../domain/change.ts";
import type { StepId } from "../../domain/plans/run.ts";
import { wakeStep as wake } from "../../store/runs/steps.ts";
import type { Services } from "../services.ts";

/** The time that a step waited for has come. */
export async function wakeStep({ sql }: Services, seen: Seen<string>): Promise<void> {
  await wake(sql, seen as Seen<StepId>);
}
