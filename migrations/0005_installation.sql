-- What a database knows of the Fairlead that it belongs to.
create table fairlead.installation (
  only_row boolean primary key default true check (only_row),
  -- Where the queue is: a schema of its own, chosen when the database is migrated for the first time.
  queue_schema text not null check (queue_schema ~ '^[a-z_][a-z0-9_]{0,62}$'),
  -- The hash of the functions, triggers and views as they were last replaced, and the version of the program that did it:
  -- an older one does not put its own back.
  definitions text not null,
  program text not null,
  -- Transaction ids are a cluster's own, and events are ordered by them. In a database that was restored in another
  -- cluster this is added to each: fairlead.event_xid() has the whole story.
  cluster text,
  xid_offset bigint not null default 0 check (xid_offset >= 0)
);

-- SHA-256 of the file as it was applied. Null: it was not kept before 0.4.0.
alter table fairlead.migrations add column checksum text;
-- The version of its program. Workers before 0.4.0 don't say it, and are refused.
alter table fairlead.workers add column program text;

-- Until 0.4.0 the queue was in the schema graphile_worker, perhaps together with another application's. What was ours
-- there is removed, and made anew in the queue's own schema; all else stays as it is. A database that is new (it has no
-- definitions yet) had nothing there; where we may not look, nothing is done.
do $$
begin
  if not exists (select from fairlead.definitions) and not exists (
    select from fairlead.migrations where name = '0003_functions') then
    return;
  end if;
  if to_regclass('graphile_worker._private_jobs') is not null then
    delete from graphile_worker._private_jobs j using graphile_worker._private_tasks t
      where t.id = j.task_id and (
        j.key in (select id from fairlead.change_requests union all select id from fairlead.environments
          union all select id from fairlead.runs union all select id from fairlead.steps)
        or (j.key = 'reconcile' and t.identifier = 'reconcile' and j.payload::text = '{}')
        or j.key = t.identifier || ' each minute' and t.identifier in ('enforce_lifecycles', 'reconcile')
        or j.key = 'fairlead migrate ' || t.identifier);
  end if;
exception when insufficient_privilege or undefined_table or undefined_column then
  raise notice 'the jobs in graphile_worker were left as they are: %', sqlerrm;
end $$;

-- 0.3.0 reads this before it replaces functions by its own; now there is a view of that name which tells it why not to.
drop table fairlead.definitions;
