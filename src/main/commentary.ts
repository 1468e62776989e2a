import { setTimeout as delay } from "node:timers/promises";
import type { Services } from "../actions/services.ts";
import { eventWords } from "../cli/changes/event-words.ts";
import { plainLine } from "../cli/screen/plain.ts";
import { makeScreen } from "../cli/screen/screen.ts";
import { shortId } from "../cli/screen/wording.ts";
import type { Event } from "../domain/event.ts";
import { eventsAfter, newestCursor } from "../store/events.ts";

const lookMs = 500;

/** On a terminal, a line for each thing that happens from now on, for whoever keeps an eye on the server. */
export async function comment({ sql, log }: Services, stopping: AbortSignal): Promise<void> {
  const screen = makeScreen({});
  if (!screen.terminal) return;
  let cursor: string | null = null;
  while (!stopping.aborted) {
    try {
      cursor ??= await newestCursor(sql);
      const events: Event[] = await eventsAfter(sql, { after: cursor, limit: 100 });
      for (const event of events) {
        const words = eventWords(event);
        if (words === null || event.changeId === null) continue;
        const who = `${event.at.toTimeString().slice(0, 8)}  ${event.workspace} ${shortId(event.changeId)}`;
        screen.print(`${screen.colours.dim(who)}  ${plainLine(words, screen.columns)}`);
      }
      cursor = events.at(-1)?.cursor ?? cursor;
    } catch (error) {
      log.debug({ err: error }, "no commentary while Postgres is away");
    }
    await delay(lookMs, undefined, { signal: stopping }).catch(() => {});
  }
}
