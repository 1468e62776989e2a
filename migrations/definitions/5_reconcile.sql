-- Fails an entity whose job has used up its attempts, if it is still at this version, and removes that job.
create or replace function fairlead.give_up(entity text, entity_id text, seen_version integer, last_error text)
returns void language plpgsql as $$
declare
  why constant text := 'gave up after too many errors; the last was: ' || coalesce(left(last_error, 1000), '?');
begin
  case entity
    when 'change' then
      update fairlead.change_requests c set status = 'failed', failure_kind = 'internal', failure_message = why
        where c.id = entity_id and c.version = seen_version;
    when 'step' then
      update fairlead.steps s set status = 'failed', failure_kind = 'internal', failure_message = why
        where s.id = entity_id and s.version = seen_version;
    when 'run' then
      update fairlead.runs r set status = 'failed', failure_kind = 'internal', failure_message = why
        where r.id = entity_id and r.version = seen_version;
  end case;
  perform fairlead.drop_spent_job(entity_id);
end $$;

-- Repairs what must never be, and says how often it had to: an entity that waits for a task gets its job, one whose
-- job has used up its attempts fails, room that nobody holds is freed, and the waiting rooms are looked into.
create or replace function fairlead.reconcile() returns table (enqueued integer, given_up integer) language plpgsql as $$
declare
  waiting record;
begin
  enqueued := 0;
  given_up := 0;
  for waiting in
    select c.id, c.version, null::timestamptz as run_at from fairlead.change_requests c
      where c.finished_at is null and c.status <> 'pending' and c.task is not null
        and not exists (select from fairlead.jobs j where j.key = c.id)
        -- The end of its plan's run enqueues it.
        and not exists (select from fairlead.runs r where r.change_id = c.id and r.finished_at is null)
    union all
    select e.id, e.version, null from fairlead.environments e where e.status <> 'terminated' and e.task is not null
        and not exists (select from fairlead.jobs j where j.key = e.id)
    union all
    select r.id, r.version, null from fairlead.runs r where r.finished_at is null and r.task is not null
        and not exists (select from fairlead.jobs j where j.key = r.id)
    union all
    -- One that waits for another plan's run, which has been told to stop, is settled by that run's end.
    select s.id, s.version, case s.task when 'wake_step' then s.waits_until end from fairlead.steps s
      where s.task is not null
        and not (s.status = 'waiting' and s.task = 'stop_step'
          and exists (select from fairlead.runs r where r.id = s.waits_for ->> 'run' and r.ending is not null))
        and not exists (select from fairlead.jobs j where j.key = s.id)
    order by 1
  loop
    if fairlead.enqueue_due(waiting.id, waiting.version, waiting.run_at) then
      enqueued := enqueued + 1;
    end if;
  end loop;
  for waiting in
    select 'change' as entity, c.id, c.version, j.last_error
      from fairlead.change_requests c join fairlead.jobs j on j.key = c.id
      where c.finished_at is null and c.task is not null and j.attempts >= j.max_attempts and j.locked_at is null
    union all
    select 'step', s.id, s.version, j.last_error from fairlead.steps s join fairlead.jobs j on j.key = s.id
      where s.task is not null and j.attempts >= j.max_attempts and j.locked_at is null
    union all
    select 'run', r.id, r.version, j.last_error from fairlead.runs r join fairlead.jobs j on j.key = r.id
      where r.finished_at is null and r.task is not null and j.attempts >= j.max_attempts and j.locked_at is null
    order by 2
  loop
    perform fairlead.give_up(waiting.entity, waiting.id, waiting.version, waiting.last_error);
    given_up := given_up + 1;
  end loop;
  -- Steps that somebody held when they were to end, or to begin anew, and let go of as they were.
  for waiting in
    select r.* from fairlead.runs r where r.status = 'running' and (r.ending is not null or r.passed_over <> '{}')
      order by r.id for update skip locked
  loop
    if waiting.ending is not null then
      perform fairlead.wind_up(waiting.id, waiting.at_once, case waiting.ending when 'failed' then 'skipped' else 'cancelled' end);
    else
      perform fairlead.begin_again(waiting.id, array[p.position::integer], (p.anew ->> 'round')::integer,
        nullif(p.anew -> 'feedback', 'null')) from jsonb_each(waiting.passed_over) p(position, anew);
      perform fairlead.advance_run(waiting.id, '{}');
    end if;
  end loop;
  perform fairlead.drop_steps(d.run_id) from (
    select distinct s.run_id from fairlead.steps s join fairlead.runs r on r.id = s.run_id
    where r.finished_at is not null and (s.status = 'waiting' or (s.status = 'running' and s.task = 'run_step'))) d;
  -- A run that is not over, and yet nothing in it runs, waits or can begin: what its steps need is counted anew.
  for waiting in
    select r.id, 0 as version from fairlead.runs r
      where r.status = 'running'
        and not exists (select from fairlead.steps s where s.run_id = r.id and s.status in ('running', 'waiting'))
      order by r.id for update skip locked
  loop
    perform fairlead.count_unmet(waiting.id, array(select s.position from fairlead.steps s where s.run_id = waiting.id));
    update fairlead.runs set unfinished = (select count(*) from fairlead.steps s
        where s.run_id = waiting.id and not fairlead.is_settled(s.status)) where id = waiting.id;
    perform fairlead.advance_run(waiting.id, '{}', array(
      select s.position from fairlead.steps s where s.run_id = waiting.id and s.status = 'pending'));
    enqueued := enqueued + 1;
  end loop;
  -- A clean-up never gives up: what it guards may be work that is nowhere else.
  for waiting in
    select e.id, e.version from fairlead.environments e join fairlead.jobs j on j.key = e.id
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
