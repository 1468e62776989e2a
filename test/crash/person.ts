import { setTimeout as delay } from "node:timers/promises";
import { DatabaseUnavailable } from "../../src/domain/faults/kernel.ts";
import { faultOf, type Sql } from "../../src/store/sql.ts";
import { isOver, nextWord, type Standing, type Way, type Word } from "./ways.ts";

export interface OnTheWay {
  readonly id: string;
  readonly way: Way;
}

/**
 * Stands in for the people: says of each change what its way wants, until all are at their ends, and returns those that
 * were not when the signal aborted. A Postgres that is away is waited for.
 */
export async function carryOn(
  sql: Sql,
  changes: readonly OnTheWay[],
  late: AbortSignal,
  onLook?: (open: number) => void,
): Promise<OnTheWay[]> {
  let open = [...changes];
  while (!late.aborted) {
    try {
      open = await lookOnce(sql, open);
      onLook?.(open.length);
      if (open.length === 0) break;
    } catch (error) {
      if (!(faultOf(error) instanceof DatabaseUnavailable)) throw error;
    }
    await delay(lookMs);
  }
  return open;
}

const lookMs = 100;

async function lookOnce(sql: Sql, changes: readonly OnTheWay[]): Promise<OnTheWay[]> {
  const standings = await standingsOf(
    sql,
    changes.map(({ id }) => id),
  );
  const open: OnTheWay[] = [];
  for (const change of changes) {
    const standing = standings.get(change.id);
    if (standing === undefined || isOver(change.way, standing)) continue;
    open.push(change);
    const word = nextWord(change.way, standing);
    if (word !== null) await say(sql, word, change.id);
  }
  return open;
}

async function standingsOf(sql: Sql, ids: readonly string[]): Promise<Map<string, Standing>> {
  const rows = await sql<(Standing & { id: string })[]>`
    select c.id, c.status,
      exists (select from fairlead.log_chunks l where l.change_id = c.id and l.process like 'agent%') as heard,
      not exists (select from fairlead.environments e where e.change_id = c.id and e.status <> 'terminated')
        and not exists (select from fairlead.jobs j where j.key = c.id or j.key in (
          select e.id from fairlead.environments e where e.change_id = c.id)) as cleaned,
      (select count(*) from fairlead.environments e where e.change_id = c.id) as environments
    from fairlead.change_requests c where c.id = any (${ids as string[]})`;
  return new Map(rows.map((row) => [row.id, row]));
}

/** Somebody else may have been faster, when an answer was lost: then the next look shows it. */
async function say(sql: Sql, word: Word, id: string): Promise<void> {
  const said = {
    approve: () => sql`select from fairlead.approve_change(${id}, 'somebody')`,
    reject: () => sql`select from fairlead.reject_change(${id}, 'somebody')`,
    cancel: () => sql`select from fairlead.cancel_change(${id}, 'somebody')`,
    retry: () => sql`select from fairlead.retry_change(${id}, 'somebody')`,
  }[word];
  await said();
}
