-- Who may do what, and where names are looked up; the last file, for it goes over all that the others define.

-- A name without a schema is looked up in these and nowhere else, whatever the caller's search_path is: an overload in
-- `public` that fits better would be called in the name of the role that runs the function. A function whose body was parsed
-- when it was made (`begin atomic`) needs no such setting, and may be inlined.
do $$
declare
  function record;
begin
  for function in
    select p.oid::regprocedure as name, n.nspname as schema
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('fairlead', :'queue') and p.prosqlbody is null
  loop
    execute format('alter function %s set search_path to pg_catalog, %I, pg_temp', function.name, function.schema);
  end loop;
end $$;

-- A trigger does more than the role may that causes it: it writes events and jobs, and moves other rows. So all of them
-- run as their owner, but for the one that looks at who caused it.
do $$
declare
  function regprocedure;
begin
  for function in
    select p.oid from pg_proc p where p.pronamespace = 'fairlead'::regnamespace and p.prorettype = 'trigger'::regtype
      and p.proname <> 'guard_change'
  loop
    execute format('alter function %s security definer', function);
  end loop;
end $$;

-- What people say to a change or a step: it may be granted to roles that may do nothing else.
do $$
declare
  function regprocedure;
begin
  for function in
    select p.oid from pg_proc p where p.pronamespace = 'fairlead'::regnamespace and p.proname in ('request_change',
      'approve_change', 'reject_change', 'request_changes', 'cancel_change', 'retry_change', 'answer_step')
  loop
    execute format('alter function %s security definer', function);
  end loop;
end $$;

-- Functions may be called by everybody unless that is taken away. These two stand in a default and in a constraint, which
-- are evaluated as the role that inserts a row.
revoke execute on all functions in schema fairlead from public;
revoke execute on all functions in schema :"queue" from public;
grant execute on function fairlead.ulid(), fairlead.says_something(text) to public;
