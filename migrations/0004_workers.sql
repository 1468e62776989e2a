-- Which worker processes live: each holds a session advisory lock on a key made from its id, on a connection of its own.
-- When the process dies, however it dies, the connection and the lock are gone, and any other worker may release its
-- jobs. (graphile-worker by itself waits four hours.)

create function fairlead.worker_key(id text) returns bigint language sql immutable as $$
  select hashtextextended('fairlead.worker ' || id, 0)
$$;

-- What a worker that ends does last, while it holds its lock still: nothing that it had locked stays behind.
create function fairlead.retire_worker(worker_id text) returns void language plpgsql as $$
begin
  perform graphile_worker.force_unlock_workers(w.pools) from fairlead.workers w where w.id = worker_id;
  delete from fairlead.workers w where w.id = worker_id;
end $$;

create function fairlead.release_dead_workers() returns setof text language plpgsql as $$
declare
  worker fairlead.workers;
begin
  for worker in select * from fairlead.workers w order by w.started_at loop
    -- Whoever gets the lock knows that its owner is gone, and is the only one to clear up after it.
    continue when not pg_try_advisory_xact_lock(fairlead.worker_key(worker.id));
    delete from fairlead.workers w where w.id = worker.id;
    continue when not found;
    perform graphile_worker.force_unlock_workers(worker.pools);
    -- Unlocking alone wakes nobody.
    perform pg_notify('jobs:insert', '{"count":10}');
    return next worker.id;
  end loop;
  -- A worker that died before it could say which pool was its own. Only our tasks: others may share this queue.
  perform graphile_worker.force_unlock_workers(array(
    select distinct j.locked_by from graphile_worker.jobs j
    where j.locked_at < now() - interval '30 seconds'
      and j.task_identifier in (select unnest(s.tasks) from fairlead.statuses s)
      and not exists (select from fairlead.workers w where j.locked_by = any (w.pools))));
end $$;
