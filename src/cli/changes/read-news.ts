import type { Event } from "../../domain/event.ts";
import type { RunId } from "../../domain/plans/run.ts";
import { type EventCursor, eventsOf, newestCursor } from "../../store/events.ts";
import type { Sql } from "../../store/sql.ts";

/** What somebody has seen of a run: its events up to a cursor, and some that came after it. */
export interface RunStanding {
  readonly after: EventCursor;
  readonly seen: ReadonlySet<EventCursor>;
}

export const nothingOfRun: RunStanding = { after: "0-0", seen: new Set() };

const pageSize = 1000;

/** All that has happened to it by now. */
export async function standingOfRun(sql: Sql, runId: RunId): Promise<RunStanding> {
  const after = await newestCursor(sql);
  const read = newsReader(sql, runId, { after, seen: new Set() });
  const events = await Array.fromAsync(read());
  return { after, seen: new Set(events.map(({ cursor }) => cursor)) };
}

/** Reads on at each call: what has been committed since the last one, each event once. */
export function newsReader(sql: Sql, runId: RunId, since: RunStanding): () => AsyncGenerator<Event> {
  let settled = since.after;
  const seen = new Set(since.seen);
  return async function* news() {
    for (let after = settled; ; ) {
      const page = await eventsOf(sql, { runId }, { after, limit: pageSize });
      for (const { settled: isSettled, ...event } of page) {
        if (!seen.has(event.cursor)) yield event;
        // Only now: who fails over an event is given it once more.
        if (isSettled) {
          settled = event.cursor;
          seen.delete(event.cursor);
        } else seen.add(event.cursor);
      }
      if (page.length < pageSize) return;
      after = page.at(-1)?.cursor ?? after;
    }
  };
}
