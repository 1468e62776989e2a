import type pg from "pg";
import { lifecycles, movesFrom, statusesOf } from "../../domain/lifecycles.ts";

/** Writes the lifecycles as they are declared into fairlead.statuses. */
export async function writeLifecycles(client: pg.Client): Promise<void> {
  const rows = Object.entries(lifecycles).flatMap(([entity, lifecycle]) =>
    statusesOf<string>(lifecycle).map((status, position) => ({
      entity,
      status,
      position,
      initial: status === lifecycle.initial,
      moves: movesFrom<string>(lifecycle, status),
      tasks: (lifecycle.tasks as Record<string, readonly string[]>)[status] ?? [],
    })),
  );
  await client.query(
    `with declared as (
       select d.entity, d.status, d.position, d.initial,
         array(select jsonb_array_elements_text(d.moves)) as moves, array(select jsonb_array_elements_text(d.tasks)) as tasks
       from jsonb_to_recordset($1::jsonb)
         as d(entity text, status text, position int, initial boolean, moves jsonb, tasks jsonb)
     ), gone as (
       delete from fairlead.statuses s where not exists (
         select from declared d where d.entity = s.entity and d.status = s.status)
     )
     insert into fairlead.statuses (entity, status, position, initial, moves, tasks)
     select entity, status, position, initial, moves, tasks from declared
     on conflict (entity, status) do update set position = excluded.position, initial = excluded.initial,
       moves = excluded.moves, tasks = excluded.tasks`,
    [JSON.stringify(rows)],
  );
}
