import { once } from "node:events";
import type { Response } from "express";
import type { Services } from "../../actions/services.ts";
import type { Event } from "../../domain/event.ts";
import { type EventCursor, type EventFilter, eventsAfter } from "../../store/events.ts";
import { viewEvent } from "../../wire/events.ts";
import { isAfter } from "./cursor.ts";
import type { EventFeed, Subscriber } from "./event-feed.ts";
import { inTime } from "./in-time.ts";
import type { OpenStream } from "./open-streams.ts";

/** Only these events; all of them where it says nothing. */
export type Wanted = Pick<EventFilter, "workspace" | "changeId" | "runId">;

export interface StreamOptions {
  /** Null: from now on. */
  readonly after: EventCursor | null;
  readonly wanted: Wanted;
  /** Counts the stream as open; null when the client has closed its connection. */
  readonly open: (beat: () => void) => OpenStream | null;
}

const pageSize = 500;
const drainMs = 30_000;
/** A client that leaves so much unread is cut off: it resumes where it stood, and holds no memory until then. */
const unreadLimitBytes = 1024 * 1024;
const queueLimit = 10_000;

/**
 * Sends server-sent events until the client or the server ends the stream. What lies between the client's position and
 * now is read from the database; then it joins the feed. While it does, what the feed tells is queued, and what the last
 * read brought as well is dropped by its cursor: so nothing is missed or sent twice.
 */
export async function streamEvents(
  { sql, log }: Pick<Services, "sql" | "log">,
  feed: EventFeed,
  response: Response,
  { after, wanted, open }: StreamOptions,
): Promise<void> {
  let at: EventCursor = after ?? "0-0";
  let mode: "behind" | "joining" | "live" = "behind";
  let queue: Event[] = [];
  const stream = open(beat);
  if (stream === null) return;
  const { over } = stream;

  function send(events: readonly Event[]): boolean {
    if (events.length === 0 || over.aborted || response.writableEnded) return true;
    at = events.at(-1)?.cursor ?? at;
    return response.write(events.map(written).join(""));
  }
  async function catchUp(): Promise<void> {
    for (;;) {
      const events = await inTime(eventsAfter(sql, { ...wanted, after: at, limit: pageSize }), over);
      if (!send(events)) {
        await once(response, "drain", { signal: AbortSignal.any([over, AbortSignal.timeout(drainMs)]) });
      }
      if (events.length < pageSize) return;
    }
  }
  function cutOffIfSlow(): void {
    if (response.writableLength > unreadLimitBytes || queue.length > queueLimit) response.req.socket.destroy();
  }
  const subscriber: Subscriber = {
    receive(events) {
      if (mode === "behind") return;
      const news = events.filter((event) => isWanted(event, wanted) && isAfter(event.cursor, at));
      if (mode === "joining") queue.push(...news);
      else send(news);
      cutOffIfSlow();
    },
  };
  function beat(): void {
    if (!response.headersSent) return;
    // Moves a client on past events that it does not want: it would otherwise read over them again when it resumes.
    if (mode === "live" && isAfter(feed.position(), at)) at = feed.position();
    response.write(mode === "live" ? `id: ${at}\n: beat\n\n` : ": beat\n\n");
    cutOffIfSlow();
  }

  try {
    await inTime(feed.join(subscriber, over), over);
    if (after === null) at = feed.position();
    begin(response, at);
    await catchUp();
    mode = "joining";
    await catchUp();
    const missed = queue.filter(({ cursor }) => isAfter(cursor, at));
    queue = [];
    mode = "live";
    send(missed);
  } catch (error) {
    if (over.aborted) return;
    if (!response.headersSent) {
      stream.leave();
      throw error;
    }
    // The client is too slow, or the database is unavailable: the client reconnects and resumes at its cursor.
    log.info({ err: error }, "event stream cut off");
    response.req.socket.destroy();
  }
}

/** The first thing a client gets is where it stands: cut before the first event, it still misses none. */
function begin(response: Response, at: EventCursor): void {
  response.writeHead(200, {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
    // The connection ends with the stream, whichever side ends it.
    Connection: "close",
  });
  response.write(`retry: 1000\nid: ${at}\n\n`);
}

function isWanted(event: Event, { workspace, changeId, runId }: Wanted): boolean {
  if (workspace !== undefined && event.workspace !== workspace) return false;
  if (runId !== undefined && event.runId !== runId) return false;
  return changeId === undefined || event.changeId === changeId;
}

function written(event: Event): string {
  return `id: ${event.cursor}\ndata: ${JSON.stringify(viewEvent(event))}\n\n`;
}
