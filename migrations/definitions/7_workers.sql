-- Which worker processes live: each holds a session advisory lock on a key made from its id, on a connection of its own.
-- When the process dies, however it dies, the connection and the lock are gone, and any other worker may release its
-- jobs. (graphile-worker by itself waits four hours.)

create or replace function fairlead.worker_key(id text) returns bigint language sql immutable
begin atomic
  select hashtextextended('fairlead.worker ' || id, 0);
end;

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
  -- died.
  perform fairlead.release_jobs(array(
    select distinct j.locked_by from fairlead.jobs j
    where j.locked_at < now() - interval '10 seconds'
      and not exists (select from fairlead.workers w where j.locked_by = any (w.pools))));
end $$;

-- Refuses a worker of 0.3.0 or earlier that registers again (after it lost its lock) in a database that was migrated meanwhile.
-- It would poll the old queue, and mark each minute as done in fairlead.settings though it enqueues the tasks there.
create or replace function fairlead.refuse_older_worker() returns trigger language plpgsql as $$
begin
  if new.program is null then
    raise exception 'this database was migrated by a newer Fairlead (%): stop the worker on host %, process %, and start one of that version',
      (select i.program from fairlead.installation i), new.host, new.pid using errcode = 'FL006';
  end if;
  return new;
end $$;

create or replace trigger refuse_older before insert on fairlead.workers
  for each row execute function fairlead.refuse_older_worker();

-- Programs of 0.2.0 and 0.3.0 read the view below before they replace these functions, triggers and views by their own; reading
-- it raises this error.
create or replace function fairlead.refuse_older_program() returns text language plpgsql as $$
begin
  raise exception 'this database was migrated by a newer Fairlead (%): run that version, or restore a backup from before',
    (select i.program from fairlead.installation i) using errcode = 'FL006';
end $$;

create or replace view fairlead.definitions as select fairlead.refuse_older_program() as hash;
