import { setTimeout as delay } from "node:timers/promises";
import type { Services } from "../../actions/services.ts";
import type { Event } from "../../domain/event.ts";
import type { RunStatus } from "../../domain/lifecycles.ts";
import type { Run } from "../../domain/plans/run.ts";
import { findEnvironment } from "../../store/environments.ts";
import type { RunStanding } from "../changes/read-news.ts";
import { exitCodes } from "../screen/exit-codes.ts";
import { Interrupted } from "../screen/interrupt.ts";
import { plain } from "../screen/plain.ts";
import type { Screen } from "../screen/screen.ts";
import { shortId } from "../screen/wording.ts";
import type { OwnWorker } from "../with-worker.ts";
import { runDocument, runViewFor } from "./run-views.ts";
import { stepsIn, tookWords } from "./run-wording.ts";
import { type RunView, watchRun } from "./watch-run.ts";

export interface Follower {
  readonly services: Services;
  readonly screen: Screen;
  readonly ownWorker: OwnWorker;
}

export interface FollowedRun {
  readonly run: Run;
  /** What was seen of it already. */
  readonly since: RunStanding;
  /** Is told of each event besides. */
  readonly onEvent?: ((event: Event) => void) | undefined;
}

/** Follows a run to its end, says how it came out and what can be done next, and sets the exit code by it. */
export async function followRun(
  { services, screen, ownWorker }: Follower,
  { run, since, onEvent }: FollowedRun,
  interrupted: AbortSignal,
): Promise<void> {
  const view = telling(runViewFor(screen), onEvent);
  const leave = () => {
    view.close();
    if (interrupted.reason instanceof Interrupted && !interrupted.reason.quiet) screen.remark(goesOn(run, ownWorker));
  };
  interrupted.addEventListener("abort", leave, { once: true });
  const end = await watchRun(services, { run, view, ownWorker, since }, interrupted);
  interrupted.removeEventListener("abort", leave);
  view.close();
  if (screen.json) screen.printJson(runDocument(end));
  else screen.print(outcome(screen, end));
  if (end.status !== "succeeded") process.exitCode = exitCodes.watchedFailed;
  if (ownWorker.isStarted()) await cleanedUp(services, end, interrupted);
}

function telling(view: RunView, onEvent: (event: Event) => void = () => {}): RunView {
  return {
    ...view,
    happened(event, step) {
      onEvent(event);
      view.happened(event, step);
    },
  };
}

/** Printed when the user stops following before the end. */
function goesOn({ id }: Run, ownWorker: OwnWorker): string {
  const again = `npx fairlead run resume ${shortId(id)}`;
  if (!ownWorker.isStarted()) return `The run goes on. \`${again}\` follows it again.`;
  return `The run goes on with \`npx fairlead start\`, or with \`${again}\`. Steps that are running run on until then.`;
}

function outcome({ colours }: Screen, run: Run): string {
  const id = shortId(run.id);
  const message = plain(run.failureMessage ?? "");
  const again = `  npx fairlead run retry ${id}   tries again what did not succeed`;
  const log = `  npx fairlead run log ${id}${run.failedStep === null ? "" : ` ${run.failedStep}`}   shows what was written`;
  const said = {
    succeeded: colours.green(`✓ ${id} has succeeded: ${stepsIn(run.total)} in ${tookWords(lasted(run))}`),
    failed: [colours.red(`✗ ${id} failed: ${message}`), log, again].join("\n"),
    cancelled: [colours.magenta(`✗ ${id} was ${message}`), again].join("\n"),
    pending: `${id} is to begin again`,
    running: `${id} has begun again`,
  } as const satisfies Record<RunStatus, string>;
  return said[run.status];
}

function lasted({ startedAt, createdAt, finishedAt }: Run): number {
  const began = startedAt ?? createdAt;
  return (finishedAt ?? began).getTime() - began.getTime();
}

const cleanUpMs = 10_000;

/** Waits until the own worker has removed the run's environment: no other worker is alive to do it. The next one does what takes longer. */
async function cleanedUp({ sql }: Services, { environmentId }: Run, interrupted: AbortSignal): Promise<void> {
  const deadline = AbortSignal.any([interrupted, AbortSignal.timeout(cleanUpMs)]);
  while (environmentId !== null && !deadline.aborted) {
    const environment = await findEnvironment(sql, environmentId);
    if (environment?.status !== "terminating") return;
    await delay(50, undefined, { signal: deadline }).catch(() => {});
  }
}
