import { createLogUpdate } from "log-update";
import type { Event } from "../../domain/event.ts";
import type { Run } from "../../domain/plans/run.ts";
import { viewEvent } from "../../wire/events.ts";
import { viewRun } from "../../wire/plans/runs.ts";
import { eventWords } from "../changes/event-words.ts";
import { plainLine } from "../screen/plain.ts";
import type { Screen } from "../screen/screen.ts";
import { drawRun } from "./draw-run.ts";
import type { StepState } from "./run-model.ts";
import { answerCommand, asksPeople, tookWords, waitWords } from "./run-wording.ts";
import type { RunView } from "./watch-run.ts";

const ownWorkerNote = "No worker is running: this command works on the run itself for as long as it follows it.";

/** The view that fits where the output goes: a terminal, a file or pipe, a program. */
export function runViewFor(screen: Screen): RunView {
  if (screen.json) return jsonView(screen);
  // A terminal that has no height, as some in CI, shows nothing of what log-update draws.
  const drawable = screen.terminal && process.stdout.rows > 0;
  return drawable ? liveView(screen) : lineView(screen);
}

/** One JSON document a line: its `type` says whether it is an event or, in the beginning and at the end, the run. */
function jsonView(screen: Screen): RunView {
  return {
    happened: (event) => screen.printJson({ type: "event", ...viewEvent(event) }),
    stands() {},
    ownWorkerStarted() {},
    close() {},
  };
}

export function runDocument(run: Run): object {
  return { type: "run", ...viewRun(run) };
}

/** Plain lines, a sentence for each event, for a file, a pipe or a CI log. */
function lineView(screen: Screen): RunView {
  let run: Pick<Run, "id"> | null = null;
  return {
    happened(event, step) {
      const words = event.entity === "environment" ? null : sentence(event, step);
      if (words === null) return;
      const time = event.at.toTimeString().slice(0, 8);
      screen.print(`${screen.colours.dim(time)} ${plainLine(words, 300)}`);
      run ??= event.runId === null ? null : { id: event.runId };
      if (run !== null && step?.waitsFor && asksPeople(step.waitsFor)) {
        screen.print(`         ${answerCommand(run, step.key, step.waitsFor)}`);
      }
    },
    stands() {},
    ownWorkerStarted: () => remarkDimly(screen, ownWorkerNote),
    close() {},
  };
}

/** What the event itself says, and what is known of its step besides. */
function sentence(event: Event, step: StepState | null): string | null {
  const words = eventWords(event);
  if (words === null || step === null) return words;
  if (event.kind === "step.succeeded" && step.startedAt !== null) {
    return `${words} after ${tookWords(event.at.getTime() - step.startedAt.getTime())}`;
  }
  const { key, waitsFor, waitsUntil } = step;
  const isTold = waitsFor === null || (waitsFor.for !== "plan" && !asksPeople(waitsFor));
  return isTold ? words : `${key} waits for ${waitWords(waitsFor, waitsUntil)}`;
}

/** A picture of the whole, drawn over itself. */
function liveView(screen: Screen): RunView {
  const live = createLogUpdate(process.stdout);
  return {
    happened() {},
    stands(run, steps) {
      const { columns, rows } = process.stdout; // a window may be made larger or smaller
      live(drawRun({ colours: screen.colours, columns, rows, now: Date.now() }, run, steps));
    },
    ownWorkerStarted: () => live.persist(screen.colours.dim(ownWorkerNote)),
    close: () => live.done(),
  };
}

/** On standard error, whose colours are not those of standard output. */
function remarkDimly({ colours, remark }: Screen, text: string): void {
  remark(process.stderr.isTTY ? colours.dim(text) : text);
}
