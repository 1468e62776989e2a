import type { Sql } from "../../../src/store/sql.ts";
import type { OnTheWay } from "../person.ts";
import { endings } from "../ways.ts";

interface EventRow {
  readonly changeId: string;
  readonly entityId: string;
  readonly kind: string;
  readonly version: number;
}

/** Whether every event is there once and in order: by its kind, and without a gap in its entity's versions. */
export async function eventProblems(sql: Sql, changes: readonly OnTheWay[]): Promise<string[]> {
  const rows = await sql<EventRow[]>`
    select change_id, entity_id, kind, version from fairlead.events
    where change_id = any (${changes.map(({ id }) => id)}) order by events.xid, events.seq`;
  const byChange = Map.groupBy(rows, ({ changeId }) => changeId);
  return changes.flatMap(({ id, way }) => {
    const events = byChange.get(id) ?? [];
    const kinds = events.map(({ kind }) => kind).join(" ");
    const wanted = endings[way].events.join(" ");
    const found = kinds === wanted ? [] : [`${id} (${way}) has the events ${kinds}\n  instead of ${wanted}`];
    return [...found, ...gapsIn(events)];
  });
}

/** The same of all that has happened to runs and their steps. A stage's event is no move, and steps begin without one. */
export async function versionProblems(sql: Sql): Promise<string[]> {
  const rows = await sql<EventRow[]>`
    select change_id, entity_id, kind, version - (entity = 'step')::int as version from fairlead.events
    where run_id is not null and kind <> 'run.stage' order by events.xid, events.seq`;
  return gapsIn(rows);
}

function gapsIn(events: readonly EventRow[]): string[] {
  return [...Map.groupBy(events, ({ entityId }) => entityId)].flatMap(([entity, own]) => {
    const versions = own.map(({ version }) => version);
    return versions.some((version, at) => version !== at + 1) ? [`${entity} has the versions ${versions}`] : [];
  });
}
