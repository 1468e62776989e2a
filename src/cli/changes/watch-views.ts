import { createLogUpdate } from "log-update";
import type { Change } from "../../domain/change.ts";
import type { Event } from "../../domain/event.ts";
import type { ChangeStatus } from "../../domain/lifecycles.ts";
import { viewEvent } from "../../wire/events.ts";
import { noWorker } from "../doctor/workers-alive.ts";
import { answerCommand, asksPeople } from "../runs/run-wording.ts";
import { stageLine } from "../runs/stage-line.ts";
import { plainLine } from "../screen/plain.ts";
import type { Screen } from "../screen/screen.ts";
import { eventWords } from "./event-words.ts";
import { logLine } from "./log-line.ts";
import type { Happening, View } from "./watch-change.ts";

/** The view that fits where the output goes: a terminal, a file or pipe, a program. */
export function viewFor(screen: Screen): View {
  if (screen.json) return jsonView(screen);
  // A terminal that has no height, as some in CI, shows nothing of what log-update draws.
  const drawable = screen.terminal && process.stdout.rows > 0;
  return drawable ? liveView(screen) : lineView(screen);
}

/** One JSON document a line; its `type` says whether it is an event, lines of the log or, at the end, the change. */
function jsonView(screen: Screen): View {
  return {
    happened(happening) {
      screen.printJson(happening.type === "event" ? { type: "event", ...viewEvent(happening.event) } : happening);
    },
    stands() {},
    close() {},
  };
}

/** Plain lines, a sentence for each event, for a file, a pipe or a CI log. */
function lineView(screen: Screen): View {
  const warnOnce = onceADrought(() => screen.remark(noWorker));
  return {
    happened(happening) {
      for (const line of linesOf(screen, happening)) screen.print(line);
    },
    stands: (_change, carried) => warnOnce(carried),
    close() {},
  };
}

/** What happens scrolls by above one line that says how far the change is. */
function liveView(screen: Screen): View {
  const live = createLogUpdate(process.stdout);
  const startedAt = Date.now();
  const visited = new Set<ChangeStatus>();
  return {
    happened(happening) {
      if (happening.type === "event") noteVisit(visited, happening);
      for (const line of linesOf(screen, happening)) live.persist(line);
    },
    stands(change, carried) {
      const stages = stageLine(screen, change, { visited, elapsedMs: Date.now() - startedAt });
      live(carried ? stages : `${stages}\n${screen.colours.yellow(noWorker)}`);
    },
    close() {
      live.clear();
      live.done();
    },
  };
}

function noteVisit(visited: Set<ChangeStatus>, { event }: Extract<Happening, { type: "event" }>): void {
  if (event.entity !== "change" || event.toStatus === null) return;
  if (event.toStatus === "pending") visited.clear();
  visited.add(event.toStatus as Change["status"]);
}

function linesOf(screen: Screen, happening: Happening): string[] {
  if (happening.type === "log") return happening.lines.map((line) => logLine(screen, happening.process, line));
  const words = eventWords(happening.event);
  if (words === null) return [];
  const time = happening.at.toTimeString().slice(0, 8);
  const line = `${screen.colours.dim(time)} ${plainLine(words, 300)}`;
  const answered = howToAnswer(happening.event);
  return answered === null ? [line] : [line, `         ${answered}`];
}

/** The command by which a question is answered: a person who watches a change does not know its run's id. */
function howToAnswer({ kind, runId, data }: Event): string | null {
  const what = { for: String(data?.for) };
  if (kind !== "step.waiting" || runId === null || !asksPeople(what)) return null;
  return answerCommand({ id: runId }, String(data?.step), what);
}

/** Calls once each time that the workers go missing. */
function onceADrought(warn: () => void): (carried: boolean) => void {
  let warned = false;
  return (carried) => {
    if (!carried && !warned) warn();
    warned = !carried;
  };
}
