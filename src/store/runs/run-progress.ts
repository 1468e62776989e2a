import type { RunId } from "../../domain/plans/run.ts";
import type { Attempt, AttemptCursor, StepBrief } from "../../domain/plans/run-progress.ts";
import type { Count } from "../counts.ts";
import type { Sql } from "../sql.ts";

// What people and programs look at while a run is carried on. Nothing here moves anything.

/** Every step of a run, in the order of its plan. */
export async function stepBriefs(sql: Sql, runId: RunId): Promise<StepBrief[]> {
  return sql<StepBrief[]>`
    select id, position, key, status, version, attempt, to_jsonb(needs) as needs, waits_for, waits_until, failure_message,
      started_at, finished_at
    from fairlead.steps where run_id = ${runId} order by position`;
}

/** The attempts of a run's steps after one of them, by step and then in the order in which they began. */
export async function attemptsAfter(
  sql: Sql,
  { runId, after, limit }: { runId: RunId; after: AttemptCursor; limit: number },
): Promise<Attempt[]> {
  return sql<Attempt[]>`
    select s.key, s.position, a.number, a.round, a.status, a.started_at, a.finished_at, a.exit_code, a.failure_kind,
      a.failure_message
    from fairlead.steps s join fairlead.step_attempts a on a.step_id = s.id
    where s.run_id = ${runId} and s.position >= ${after.position}
      and (s.position, a.number) > (${after.position}, ${after.number})
    order by s.position, a.number limit ${limit}`;
}

/** How many runs have not ended, by status, those with none at 0. */
export async function countActiveRuns(sql: Sql): Promise<Count[]> {
  return sql<Count[]>`
    select s.status as name, (select count(*) from fairlead.runs r
      where r.finished_at is null and r.status = s.status) as count
    from fairlead.statuses s where s.entity = 'run' and s.status in ('pending', 'running') order by s.position`;
}

/** How many steps are running or waiting. Those that have settled, or wait for others, may be millions. */
export async function countActiveSteps(sql: Sql): Promise<Count[]> {
  return sql<Count[]>`
    select 'running' as name, count(*) as count from fairlead.steps where status = 'running'
    union all
    select 'waiting', count(*) from fairlead.steps where status = 'waiting'`;
}
