import { minutelyTasks } from "../../../src/domain/lifecycles.ts";
import type { Sql } from "../../../src/store/sql.ts";
import { leftIn, portsInUse, processesOf } from "../machine.ts";
import type { OnTheWay } from "../person.ts";
import type { Sandbox } from "../sandbox.ts";
import { endings } from "../ways.ts";
import { eventProblems } from "./check-events.ts";
import { gitProblems } from "./check-git.ts";
import { logProblems } from "./check-log.ts";

/** All that is wrong with changes that should have ended, and with what they left; empty when nothing is. */
export async function problems(
  sql: Sql,
  sandbox: Sandbox,
  { changes, ports }: { changes: readonly OnTheWay[]; ports: readonly number[] },
): Promise<string[]> {
  return [
    ...(await endProblems(sql, changes)),
    ...(await eventProblems(sql, changes)),
    ...(await logProblems(sql, changes)),
    ...(await gitProblems(sql, sandbox, changes)),
    ...(await leftovers(sql, sandbox, ports)),
  ];
}

/** What is left where all has ended: in Fairlead's books, and on the machine. */
export async function leftovers(sql: Sql, sandbox: Sandbox, ports: readonly number[]): Promise<string[]> {
  return [
    ...(await ledgerProblems(sql)),
    // Before what they may still hold: the ones that are just ending are waited for.
    ...(await processesOf(sandbox.folder)),
    ...(await leftIn(sandbox.home)).map((what) => `left: ${what}`),
    ...(await portsInUse(ports)).map((port) => `port ${port} is in use`),
  ];
}

async function endProblems(sql: Sql, changes: readonly OnTheWay[]): Promise<string[]> {
  const rows = await sql<{ id: string; status: string; failureKind: string | null; failureMessage: string | null }[]>`
    select id, status, failure_kind, failure_message from fairlead.change_requests
    where id = any (${changes.map(({ id }) => id)})`;
  const ends = new Map(rows.map((row) => [row.id, row]));
  return changes.flatMap(({ id, way }) => {
    const [end, wanted] = [ends.get(id), endings[way]];
    if (end?.status === wanted.status && end.failureKind === wanted.failureKind) return [];
    return [`${id} (${way}) ended as ${end?.status}: ${end?.failureKind} ${end?.failureMessage}`];
  });
}

/** What Fairlead's own books still hold, in a database where all that was asked for has ended. */
async function ledgerProblems(sql: Sql): Promise<string[]> {
  const rows = await sql<{ what: string }[]>`
    select format('job %s of %s: attempt %s of %s, locked at %s, %s', j.task_identifier, coalesce(j.key, 'nobody'),
        j.attempts, j.max_attempts, j.locked_at, j.last_error) as what from fairlead.jobs j
      where j.locked_at is not null or j.task_identifier <> all (${[...minutelyTasks]})
    union all
    select format('worker %s is listed and does not live', w.id) from fairlead.workers w
    union all
    select format('place %s of %s is held', p.number, p.scope) from fairlead.places p where p.change_id is not null
    union all
    select format('leak: %s %s of %s', l.kind, l.name, l.environment_id) from fairlead.leaks l`;
  return rows.map(({ what }) => what);
}
