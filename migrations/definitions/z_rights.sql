-- Privileges and search paths. The last file, because it applies to all functions that the others define.

-- Fixes the search_path of each function, whatever its caller's is: else an overload in `public` that fits better would be
-- called, with the rights of the role that runs the function. A function whose body was parsed when it was created
-- (`begin atomic`) needs no such setting, and Postgres can inline it.
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

-- Triggers write events and jobs and move other rows, which the role that updated a row may not be allowed to do itself. So all
-- run as their owner, except `guard_change`, which checks what the role may do. So do the functions by which people decide about
-- changes and steps: they can be granted to roles that have no other rights.
do $$
declare
  function regprocedure;
begin
  for function in
    select p.oid from pg_proc p where p.pronamespace = 'fairlead'::regnamespace
      and (p.prorettype = 'trigger'::regtype and p.proname <> 'guard_change' or p.proname in ('request_change',
        'approve_change', 'reject_change', 'request_changes', 'cancel_change', 'retry_change', 'answer_step'))
  loop
    execute format('alter function %s security definer', function);
  end loop;
end $$;

-- Postgres lets every role call a new function until that right is revoked. Every role keeps it for these two: they are used in
-- a default and in a constraint, which Postgres evaluates as the role that inserts a row.
revoke execute on all functions in schema fairlead from public;
revoke execute on all functions in schema :"queue" from public;
grant execute on function fairlead.ulid(), fairlead.says_something(text) to public;
