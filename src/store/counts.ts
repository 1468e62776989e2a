import type { Sql } from "./sql.ts";

export interface Count {
  readonly name: string;
  readonly count: number;
}

/** How many changes are in each status, those with none at 0. */
export async function countChanges(sql: Sql): Promise<Count[]> {
  return sql<Count[]>`
    select s.status as name, coalesce(c.count, 0) as count from fairlead.statuses s
    left join (select status, count(*) from fairlead.change_requests group by status) c on c.status = s.status
    where s.entity = 'change' order by s.position`;
}

/** How many environments are in each status, but for those that are gone. */
export async function countEnvironments(sql: Sql): Promise<Count[]> {
  return sql<Count[]>`
    select s.status as name, (select count(*) from fairlead.environments e
      where e.status = s.status and e.status <> 'terminated') as count
    from fairlead.statuses s where s.entity = 'environment' and s.status <> 'terminated' order by s.position`;
}

/** How many jobs of ours wait for a worker, by task. */
export async function countJobsWaiting(sql: Sql): Promise<Count[]> {
  return sql<Count[]>`
    select t.task as name, count(j.id) as count
    from (select distinct unnest(tasks) as task from fairlead.statuses) t
    left join fairlead.jobs j on j.task_identifier = t.task and j.locked_at is null
    group by t.task order by t.task`;
}
