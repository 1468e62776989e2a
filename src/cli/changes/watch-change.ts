import { setTimeout as delay } from "node:timers/promises";
import { type LogLine, readLog } from "../../actions/processes/read-log.ts";
import type { Services } from "../../actions/services.ts";
import type { Change } from "../../domain/change.ts";
import type { Event } from "../../domain/event.ts";
import { DatabaseUnavailable } from "../../domain/faults/kernel.ts";
import type { ChangeId } from "../../domain/ids.ts";
import { findChange } from "../../store/changes.ts";
import { type EventCursor, eventsAfter, newestCursor } from "../../store/events.ts";
import { lastLogged } from "../../store/logs.ts";
import { faultOf } from "../../store/sql.ts";
import { anyWorkerAlive } from "../doctor/workers-alive.ts";
import { rests } from "../rests.ts";

/** What can be seen of a change while it is carried on. */
export type Happening =
  | { readonly type: "event"; readonly at: Date; readonly event: Event }
  | {
      readonly type: "log";
      readonly at: Date;
      readonly seq: number;
      readonly process: string;
      readonly lines: LogLine[];
    };

/** Shows a person, or a program, what happens. */
export interface View {
  happened(happening: Happening): void;
  /** Called all the time. `carried`: somebody is there to do what it waits for. */
  stands(change: Change, carried: boolean): void;
  /** Takes away what is not to stay on the screen. */
  close(): void;
}

/** What somebody has seen of a change: its events and its log up to here. */
export interface Standing {
  readonly cursor: EventCursor;
  readonly afterSeq: number;
}

export const nothingSeen: Standing = { cursor: "0-0", afterSeq: 0 };

/** All that has happened by now. */
export async function standingOf({ sql }: Pick<Services, "sql">, id: ChangeId): Promise<Standing> {
  return { cursor: await newestCursor(sql), afterSeq: await lastLogged(sql, id) };
}

export interface Watched {
  readonly change: Change;
  readonly view: View;
  /** As the processes wrote it, instead of what an agent's lines mean. */
  readonly raw: boolean;
  readonly since: Standing;
}

const pollMs = 250;
const workersEveryMs = 3000;
const patienceMs = 60_000;

/** Shows all that has happened to a change since then, and happens until it rests; gives the change as it is then. */
export async function watchChange(services: Services, watched: Watched, interrupted: AbortSignal): Promise<Change> {
  const { change: first, view } = watched;
  const look = looker(services, watched);
  let workers = { alive: true, askedAt: 0 };
  let answeredAt = Date.now();
  let change = first;
  for (;;) {
    interrupted.throwIfAborted();
    let still = true;
    try {
      if (Date.now() - workers.askedAt > workersEveryMs) {
        workers = { alive: await anyWorkerAlive(services), askedAt: Date.now() };
      }
      const seen = await look();
      answeredAt = Date.now();
      change = seen.change;
      for (const happening of seen.happenings) view.happened(happening);
      if (rests[change.status] && seen.happenings.length === 0) return change;
      still = seen.happenings.length === 0;
    } catch (error) {
      // A Postgres that is restarted comes back; nothing of what is read here can be lost meanwhile.
      if (!(faultOf(error) instanceof DatabaseUnavailable) || Date.now() - answeredAt > patienceMs) throw error;
    }
    view.stands(change, workers.alive || rests[change.status]);
    if (still) await delay(pollMs, undefined, { signal: interrupted });
  }
}

/** Reads on from where it stood at each call. The change is read first: what led to its status is there by then. */
function looker(services: Services, { change: first, raw, since }: Watched) {
  let { cursor, afterSeq } = since;
  return async (): Promise<{ change: Change; happenings: Happening[] }> => {
    const change = (await findChange(services.sql, first.id)) ?? first;
    const events = await eventsAfter(services.sql, { after: cursor, changeId: change.id, limit: 500 });
    const log = await readLog(services, change, { afterSeq, limit: 200, raw });
    cursor = events.at(-1)?.cursor ?? cursor;
    afterSeq = log.lastSeq;
    const happenings: Happening[] = [
      ...events.map((event) => ({ type: "event" as const, at: event.at, event })),
      ...log.entries.map((entry) => ({ type: "log" as const, ...entry })),
    ];
    return { change, happenings: happenings.sort((a, b) => a.at.getTime() - b.at.getTime()) };
  };
}
