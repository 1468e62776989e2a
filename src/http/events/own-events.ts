import type { z } from "zod";
import { type EventCursor, type EventsOwner, eventsOf } from "../../store/events.ts";
import type { Sql } from "../../store/sql.ts";
import { type eventPage, viewEvent } from "../../wire/events.ts";

/** A page of the events of a change or a run. */
export async function ownEvents(
  sql: Sql,
  owner: EventsOwner,
  { after, limit }: { after: EventCursor; limit: number },
): Promise<z.infer<typeof eventPage>> {
  // One more than asked for, to know whether there is another page.
  const found = await eventsOf(sql, owner, { after, limit: limit + 1 });
  const events = found.slice(0, limit);
  const next = found.length > limit ? (events.at(-1)?.cursor ?? null) : null;
  return { events: events.map(viewEvent), next };
}
