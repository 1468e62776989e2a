-- Which worker processes live: each holds a session advisory lock on a key made from its id, on a connection of its own.
-- When the process dies, however it dies, the connection and the lock are gone, and any other worker may release its
-- jobs. (graphile-worker by itself waits four hours.)

create or replace function fairlead.worker_key(id text) returns bigint language sql immutable as $$
  select hashtextextended('fairlead.worker ' || id, 0)
$$;

-- Gives the jobs of pools that are gone to others. That its worker died is no fault of a job's, so it spends no attempt;
-- and one whose worker died between settling and completing it is done: the move that settled it has taken its key and its
-- attempts away.
create or replace function fairlead.release_jobs(pools text[]) returns void language plpgsql as $$
declare
  held constant bigint[] := array(select j.id from graphile_worker.jobs j where j.locked_by = any (pools));
begin
  perform graphile_worker.force_unlock_workers(pools);
  perform graphile_worker.complete_jobs(array(select j.id from graphile_worker.jobs j
    where j.id = any (held) and j.key is null and j.attempts >= j.max_attempts));
  perform graphile_worker.reschedule_jobs(array[j.id], attempts => j.attempts - 1) from graphile_worker.jobs j
    where j.id = any (held) and j.key is not null and j.attempts > 0;
end $$;

-- What a worker that ends does last, while it holds its lock still: nothing that it had locked stays behind.
create or replace function fairlead.retire_worker(worker_id text) returns void language plpgsql as $$
begin
  perform fairlead.release_jobs(w.pools) from fairlead.workers w where w.id = worker_id;
  delete from fairlead.workers w where w.id = worker_id;
end $$;

create or replace function fairlead.release_dead_workers() returns setof text language plpgsql as $$
declare
  worker fairlead.workers;
begin
  for worker in select * from fairlead.workers w order by w.started_at loop
    -- Whoever gets the lock knows that its owner is gone, and is the only one to clear up after it.
    continue when not pg_try_advisory_xact_lock(fairlead.worker_key(worker.id));
    delete from fairlead.workers w where w.id = worker.id;
    continue when not found;
    perform fairlead.release_jobs(worker.pools);
    -- Unlocking alone wakes nobody.
    perform pg_notify('jobs:insert', '{"count":10}');
    return next worker.id;
  end loop;
  -- A worker that died before it could say which pool was its own, or that took a job after it was thought dead and then
  -- died. Only our tasks: others may share this queue.
  perform fairlead.release_jobs(array(
    select distinct j.locked_by from graphile_worker.jobs j
    where j.locked_at < now() - interval '10 seconds'
      and j.task_identifier in (
        select unnest(s.tasks) from fairlead.statuses s union all values ('enforce_lifecycles'), ('reconcile'))
      and not exists (select from fairlead.workers w where j.locked_by = any (w.pools))));
end $$;
