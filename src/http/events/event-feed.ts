import type { Services } from "../../actions/services.ts";
import type { Event } from "../../domain/event.ts";
import { type EventCursor, eventsAfter, listenForMoves, newestCursor } from "../../store/events.ts";
import { makeAlarm } from "./alarm.ts";
import { inTime } from "./in-time.ts";

/** A stream that receives every event from the moment it joined. */
export interface Subscriber {
  /** In order, each once; must not throw. */
  receive(events: readonly Event[]): void;
}

/** The one reader of events in a process: however many clients follow, the database is asked once. */
export interface EventFeed {
  /**
   * Sends the subscriber, until its stream is over, every event after a position at or before the end of the table when this
   * resolves: a subscriber that then reads the table to its end, and drops duplicates, misses none.
   */
  join(subscriber: Subscriber, over: AbortSignal): Promise<void>;
  /** The cursor up to which all events have been sent. */
  position(): EventCursor;
  /** Stops reading and listening. */
  close(): Promise<void>;
}

const pageSize = 500;
const firstWaitMs = 50;
const longestWaitMs = 1000;

export function makeEventFeed({ sql, log }: Pick<Services, "sql" | "log">): EventFeed {
  const subscribers = new Set<Subscriber>();
  const alarm = makeAlarm();
  let position: EventCursor = "0-0";
  /** Settles when `position` is known; null while nobody reads because nobody follows. */
  let started: Promise<void> | null = null;
  let listening: ReturnType<typeof listenForMoves> | null = null;

  async function start(): Promise<void> {
    // Without it we poll: later, but no less.
    listening ??= listenForMoves(sql, alarm.ring);
    listening.catch((error: unknown) => {
      listening = null;
      log.warn({ err: error }, "events are polled, listening failed");
    });
    position = await inTime(newestCursor(sql));
    void read();
  }

  async function read(): Promise<void> {
    let waitMs = firstWaitMs;
    while (subscribers.size > 0) {
      const full = await readPage();
      if (full) continue;
      // What is told of may still wait for an older transaction to end: look again soon, then less and less often.
      const rung = await alarm.wait(waitMs);
      waitMs = rung ? firstWaitMs : Math.min(waitMs * 2, longestWaitMs);
    }
    started = null;
  }

  async function readPage(): Promise<boolean> {
    try {
      const events = await inTime(eventsAfter(sql, { after: position, limit: pageSize }));
      position = events.at(-1)?.cursor ?? position;
      if (events.length > 0) for (const subscriber of subscribers) subscriber.receive(events);
      return events.length === pageSize;
    } catch (error) {
      log.warn({ err: error }, "events could not be read");
      return false;
    }
  }

  return {
    async join(subscriber, over) {
      over.throwIfAborted();
      subscribers.add(subscriber);
      over.addEventListener("abort", () => subscribers.delete(subscriber), { once: true });
      started ??= start().catch((error: unknown) => {
        started = null;
        throw error;
      });
      await started;
    },
    position: () => position,
    async close() {
      subscribers.clear();
      alarm.ring();
      const listened = await listening?.catch(() => null);
      await listened?.unlisten().catch(() => {});
    },
  };
}
