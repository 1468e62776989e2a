-- Repairs what must never be, and says how often it had to: an entity that waits for a task gets its job, one whose
-- job has used up its attempts fails, room that nobody holds is freed, and the waiting rooms are looked into.
create or replace function fairlead.reconcile() returns table (enqueued integer, given_up integer) language plpgsql as $$
declare
  waiting record;
begin
  enqueued := 0;
  given_up := 0;
  for waiting in
    select c.id, c.version from fairlead.change_requests c
      where c.finished_at is null and c.status <> 'pending' and c.task is not null
        and not exists (select from graphile_worker.jobs j where j.key = c.id)
    union all
    select e.id, e.version from fairlead.environments e where e.status <> 'terminated' and e.task is not null
        and not exists (select from graphile_worker.jobs j where j.key = e.id)
    order by 1
  loop
    if fairlead.enqueue_due(waiting.id, waiting.version) then
      enqueued := enqueued + 1;
    end if;
  end loop;
  for waiting in
    select c.id, c.version, j.last_error from fairlead.change_requests c join graphile_worker.jobs j on j.key = c.id
      where c.finished_at is null and c.task is not null and j.attempts >= j.max_attempts and j.locked_at is null
      order by c.id
  loop
    update fairlead.change_requests set status = 'failed', failure_kind = 'internal',
      failure_message = 'gave up after too many errors; the last was: ' || coalesce(left(waiting.last_error, 1000), '?')
      where id = waiting.id and version = waiting.version;
    perform graphile_worker.complete_jobs(array(select j.id from graphile_worker.jobs j
      where j.key = waiting.id and j.attempts >= j.max_attempts));
    given_up := given_up + 1;
  end loop;
  -- A clean-up never gives up: what it guards may be work that is nowhere else.
  for waiting in
    select e.id, e.version from fairlead.environments e join graphile_worker.jobs j on j.key = e.id
      where e.status <> 'terminated' and e.task is not null and j.attempts >= j.max_attempts and j.locked_at is null
      order by e.id
  loop
    if fairlead.enqueue_due(waiting.id, waiting.version) then
      enqueued := enqueued + 1;
    end if;
  end loop;
  update fairlead.places p set change_id = null where p.change_id is not null and not exists (
    select from fairlead.change_requests c
    where c.id = p.change_id and c.finished_at is null and c.status <> 'pending');
  perform fairlead.admit_changes();
  perform fairlead.admit_merge(a.repository_url, a.target_branch) from (
    select distinct repository_url, target_branch from fairlead.change_requests where status = 'approved' order by 1, 2) a;
  return next;
end $$;
