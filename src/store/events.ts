import type { Event } from "../domain/event.ts";
import type { ChangeId, WorkspaceName } from "../domain/ids.ts";
import type { RunId } from "../domain/plans/run.ts";
import type { Sql } from "./sql.ts";

/** Where a reader stands: `<xid>-<seq>`; `0-0` is before everything. */
export type EventCursor = string;

export interface EventFilter {
  readonly after: EventCursor;
  readonly changeId?: ChangeId | undefined;
  readonly runId?: RunId | undefined;
  readonly workspace?: WorkspaceName | undefined;
  readonly limit: number;
}

/**
 * The events after a cursor, in order, up to the oldest transaction that is still running. A sequence alone is no commit
 * order: a reader that remembers the last number it saw misses rows that commit late.
 */
export async function eventsAfter(
  sql: Sql,
  { after, changeId, runId, workspace, limit }: EventFilter,
): Promise<Event[]> {
  const [xid = "0", seq = "0"] = after.split("-");
  return sql<Event[]>`
    select ${eventColumns(sql)} from fairlead.events
    where (xid, seq) > (${xid}::xid8, ${seq}::bigint) and xid < (select fairlead.event_horizon())
      ${changeId === undefined ? sql`` : sql`and change_id = ${changeId}`}
      ${runId === undefined ? sql`` : sql`and run_id = ${runId}`}
      ${workspace === undefined ? sql`` : sql`and workspace = ${workspace}`}
    order by events.xid, events.seq limit ${limit}`;
}

/** Whose events: a change's, with those of its runs, or a run's. */
export type EventsOwner = { readonly changeId: ChangeId } | { readonly runId: RunId };

/** An event, and whether it is settled: no event that sorts before it can be committed any more. */
export interface SettledEvent extends Event {
  readonly settled: boolean;
}

/**
 * All committed events of a change or a run. A reader that follows one has to read again from the last settled event, because an
 * event that sorts before an unsettled one may be committed later. (`eventsAfter` returns only settled events, so a transaction
 * that is open anywhere in the cluster delays them.)
 */
export async function eventsOf(
  sql: Sql,
  owner: EventsOwner,
  { after, limit }: { after: EventCursor; limit: number },
): Promise<SettledEvent[]> {
  const [xid = "0", seq = "0"] = after.split("-");
  return sql<SettledEvent[]>`
    select ${eventColumns(sql)}, xid < (select fairlead.event_horizon()) as settled
    from fairlead.events
    where ${"runId" in owner ? sql`run_id = ${owner.runId}` : sql`change_id = ${owner.changeId}`}
      and (xid, seq) > (${xid}::xid8, ${seq}::bigint)
    order by events.xid, events.seq limit ${limit}`;
}

const eventColumns = (sql: Sql) => sql`
  xid::text || '-' || seq as cursor, entity, entity_id, change_id, run_id, workspace, kind, from_status, to_status,
  version, actor, data, at`;

/** The cursor from which a reader sees only what happens from now on. */
export async function newestCursor(sql: Sql): Promise<EventCursor> {
  const [row] = await sql<{ cursor: EventCursor }[]>`
    select coalesce((select xid::text || '-' || seq from fairlead.events
      where xid < (select fairlead.event_horizon()) order by events.xid desc, events.seq desc limit 1), '0-0') as cursor`;
  return row?.cursor ?? "0-0";
}

/** Calls back at each notice that something moved; ends with the connection of its own that it holds. */
export async function listenForMoves(sql: Sql, onMove: () => void): Promise<{ unlisten: () => Promise<void> }> {
  return sql.listen("fairlead", onMove, onMove); // also after each reconnection: something may have been missed
}
