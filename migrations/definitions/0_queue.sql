-- The queue: graphile-worker's tables and functions in a schema of our own. `:"queue"` stands for the schema's name, which is
-- filled in when this file is applied. Only this file uses that schema; everything else uses the view and functions below.

create or replace view fairlead.jobs as
select j.id, j.key, j.task_identifier, j.run_at, j.attempts, j.max_attempts, j.last_error, j.locked_at, j.locked_by,
  j.created_at
from :"queue".jobs j;

-- Adds a job, or replaces the one with this key. (Without force_generic_plan, Postgres plans the statements of add_jobs anew
-- at each call, which is four fifths of the call's cost.)
create or replace function fairlead.add_job(
  task text, payload json, job_key text, run_at timestamptz default null, keep_run_at boolean default false
) returns void language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
  -- add_jobs has two statements. When a worker locks the job with this key between them, it stores nothing and returns no row
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

-- Removes the job with this key if it has used up its attempts.
create or replace function fairlead.drop_spent_job(job_key text) returns void language plpgsql as $$
begin
  perform from :"queue".complete_jobs(array(
    select j.id from fairlead.jobs j where j.key = job_key and j.attempts >= j.max_attempts));
end $$;

-- Unlocks the jobs of dead pools, so that other workers can take them. The interrupted attempt does not count. A job without a
-- key and without attempts left is complete: its worker died after its task had settled and before it had completed the job,
-- and the move that settled it replaced or removed the job of this key, which makes graphile-worker clear both.
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
