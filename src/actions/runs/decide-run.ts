import { StepUnknown } from "../../domain/faults/runs.ts";
import type { Run, Step } from "../../domain/plans/run.ts";
import * as store from "../../store/runs/runs.ts";
import { type Answer, answerStep, hasStepWithin } from "../../store/runs/steps.ts";
import type { Services } from "../services.ts";
import { needStep } from "./find-run.ts";

type Word = store.RunWord;

/** Ends a run. `atOnce`: what is there for failures is stopped as well. */
export function cancelRun({ sql }: Services, word: Word, atOnce: boolean): Promise<Run> {
  return store.cancelRun(sql, word, atOnce);
}

/** Begins a run once more: what succeeded stays, but for `from` and all that depends on it. Throws `StepUnknown`. */
export async function retryRun(services: Services, word: Word, from: string | null): Promise<Run> {
  if (from !== null) await needStep(services, word.id, from);
  return await store.retryRun(services.sql, word, from);
}

/** Says a person's word to a step that waits for one, also in a run that this one waits for. Throws `StepUnknown`. */
export async function answerRun({ sql }: Services, answer: Answer): Promise<Step> {
  const { runId, step } = answer;
  if (step !== null && !(await hasStepWithin(sql, runId, step))) throw new StepUnknown(runId, step);
  return await answerStep(sql, answer);
}
