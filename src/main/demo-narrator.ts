import { readLog } from "../actions/read-log.ts";
import type { Services } from "../actions/services.ts";
import { logLine } from "../cli/log-line.ts";
import { plainLine } from "../cli/plain.ts";
import type { Screen } from "../cli/screen.ts";
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

/** What each event of the main job means, in words; null for what goes without saying. */
const meanings: Readonly<Record<string, (data: Readonly<Record<string, unknown>>) => string | null>> = {
  "change.pending": () => "asked for",
  "change.provisioning": () => "an environment is being made",
  "change.implementing": ({ branch }) => `the agent works on ${branch}`,
  "change.implement_done": ({ head_commit }) => `pushed ${String(head_commit).slice(0, 12)}; the app is being started`,
  "change.deployed": ({ preview_url }) => `a preview is at ${preview_url}, and waits for a person`,
  "change.approved": () => "approved",
  "change.merging": () => "being merged",
  "change.merged": ({ merge_commit_sha }) => `merged as ${String(merge_commit_sha).slice(0, 12)}`,
  "change.failed": ({ failure_message }) => `failed: ${failure_message}`,
  "environment.terminating": () => "cleaning up",
  "environment.terminated": () => "cleaned up",
};

export function narrator(services: Services, screen: Screen): Narrator {
  const { colours } = screen;
  const startedAt = performance.now();
  let cursor = "0-0";
  let afterSeq = 0;
  const tell = (event: Event) => {
    const words = meanings[event.kind]?.(event.data ?? {});
    if (words == null) return;
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
