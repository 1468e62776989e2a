import type { Sql } from "../../src/store/sql.ts";
import type { OnTheWay } from "./person.ts";
import { endings } from "./ways.ts";

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
    for (const [entity, own] of Map.groupBy(events, ({ entityId }) => entityId)) {
      const versions = own.map(({ version }) => version);
      if (versions.some((version, at) => version !== at + 1)) found.push(`${entity} has the versions ${versions}`);
    }
    return found;
  });
}
