import type { Run, Step } from "../domain/run.ts";
import * as store from "../store/runs.ts";
import { type Answer, answerStep } from "../store/steps.ts";
import { needStep } from "./find-run.ts";
import type { Services } from "./services.ts";

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

/** Says a person's word to a step that waits for one. Throws `StepUnknown`. */
export async function answerRun(services: Services, answer: Answer): Promise<Step> {
  if (answer.step !== null) await needStep(services, answer.runId, answer.step);
  return await answerStep(services.sql, answer);
}
