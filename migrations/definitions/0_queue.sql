-- The one place that knows where the queue is: graphile-worker's tables and functions in a schema of ours. `:"queue"`
-- stands for its name, which is filled in as this file is applied. All else goes through what is defined here.

create or replace view fairlead.jobs as
select j.id, j.key, j.task_identifier, j.run_at, j.attempts, j.max_attempts, j.last_error, j.locked_at, j.locked_by,
  j.created_at
from :"queue".jobs j;

-- (The statements of add_jobs are planned anew at each call unless told otherwise: that is four fifths of its cost.)
create or replace function fairlead.add_job(
  task text, payload json, job_key text, run_at timestamptz default null, keep_run_at boolean default false
) returns void language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
  -- With a key it stores nothing when a worker locks the job it would replace between its two statements
  -- (graphile/worker#580).
  for attempt in 1..1000 loop
    perform from :"queue".add_jobs(
      array[(task, payload, null, run_at, null, job_key, null, null):::"queue".job_spec], keep_run_at);
    if found then
      return;
    end if;
  end loop;
  raise exception 'could not enqueue % for %', task, job_key;
end $$;

create or replace function fairlead.remove_job(job_key text) returns void language plpgsql as $$
begin
  perform from :"queue".remove_job(job_key);
end $$;

-- Takes away the job under a key that has used up its attempts.
create or replace function fairlead.drop_spent_job(job_key text) returns void language plpgsql as $$
begin
  perform from :"queue".complete_jobs(array(
    select j.id from fairlead.jobs j where j.key = job_key and j.attempts >= j.max_attempts));
end $$;

-- Gives the jobs of pools that are gone to others. That its worker died is no fault of a job's, so it spends no attempt;
-- and one whose worker died between settling and completing it is done: the move that settled it has taken its key and its
-- attempts away.
create or replace function fairlead.release_jobs(pools text[]) returns void language plpgsql as $$
declare
  held constant bigint[] := array(select j.id from fairlead.jobs j where j.locked_by = any (pools));
begin
  perform :"queue".force_unlock_workers(pools);
  perform from :"queue".complete_jobs(array(select j.id from fairlead.jobs j
    where j.id = any (held) and j.key is null and j.attempts >= j.max_attempts));
  perform from fairlead.jobs j cross join lateral :"queue".reschedule_jobs(array[j.id], attempts => j.attempts - 1) r
    where j.id = any (held) and j.key is not null and j.attempts > 0;
end $$;
