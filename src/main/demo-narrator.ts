import { readLog } from "../actions/processes/read-log.ts";
import type { Services } from "../actions/services.ts";
import { eventWords } from "../cli/changes/event-words.ts";
import { logLine } from "../cli/changes/log-line.ts";
import { plainLine } from "../cli/screen/plain.ts";
import type { Screen } from "../cli/screen/screen.ts";
import type { Event } from "../domain/event.ts";
import type { ChangeId } from "../domain/ids.ts";
import { findChange } from "../store/changes.ts";
import { eventsAfter } from "../store/events.ts";

export interface Narrator {
  line(text: string): void;
  done(text: string): void;
  /** Prints what has happened to a change since it was last asked. */
  whatHappened(id: ChangeId): Promise<void>;
}

export function narrator(services: Services, screen: Screen): Narrator {
  const { colours } = screen;
  const startedAt = performance.now();
  let cursor = "0-0";
  let afterSeq = 0;
  const tell = (event: Event) => {
    const words = eventWords(event);
    if (words === null) return;
    const time = `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s`;
    const status = (event.toStatus ?? "").padEnd(12);
    screen.print(`${colours.dim(time)}  ${colours.cyan(status)}  ${plainLine(words, 200)}`);
  };
  return {
    line: (text) => screen.print(text),
    done: (text) => screen.print(`${colours.green("✓")} ${text}`),
    async whatHappened(id) {
      const change = await findChange(services.sql, id);
      if (change === null) return;
      const events = await eventsAfter(services.sql, { after: cursor, changeId: id, limit: 100 });
      const log = await readLog(services, change, { afterSeq, limit: 100, raw: false });
      const lines = log.entries.flatMap(({ process, lines, at }) =>
        lines.map((line) => ({ at, print: () => screen.print(`${" ".repeat(9)}${logLine(screen, process, line)}`) })),
      );
      const told = events.map((event) => ({ at: event.at, print: () => tell(event) }));
      for (const { print } of [...told, ...lines].sort((a, b) => a.at.getTime() - b.at.getTime())) print();
      cursor = events.at(-1)?.cursor ?? cursor;
      afterSeq = log.lastSeq;
    },
  };
}
