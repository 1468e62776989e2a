-- Which changes may begin, and which may merge: the two waiting rooms.

-- Enqueues `reconcile`, to run in a second: it admits what this transaction could not.
create or replace function fairlead.look_again() returns void language plpgsql as $$
begin
  perform fairlead.add_job('reconcile', null, 'reconcile', now() + interval '1 second', keep_run_at => true);
end $$;

-- Changes that begin to wait for room take this lock exclusively, and releases of room take it shared, until they commit: so one
-- of two concurrent transactions always sees the other. It never blocks, because a client may leave its transaction open: where
-- the lock is taken, `reconcile` runs within a second. The same goes for a transaction that is not `read committed`, which does
-- not see what others have committed since its first snapshot.
create or replace function fairlead.see_each_other(alone boolean) returns boolean language plpgsql as $$
declare
  key constant bigint := hashtextextended('fairlead.waiting for room', 0);
begin
  if current_setting('transaction_isolation') = 'read committed'
    and (alone or pg_try_advisory_xact_lock_shared(key)) and (not alone or pg_try_advisory_xact_lock(key)) then
    return true;
  end if;
  perform fairlead.look_again();
  return false;
end $$;

-- Takes a free place, if there is one; one that somebody is just taking or giving up is passed over.
create or replace function fairlead.take_place(wanted_scope text, places_allowed integer, holder text) returns boolean
language plpgsql as $$
begin
  update fairlead.places p set change_id = holder
    where p.scope = wanted_scope and p.number = (select f.number from fairlead.places f
      where f.scope = wanted_scope and f.number <= places_allowed and f.change_id is null
      order by f.number limit 1 for update skip locked);
  return found;
end $$;

-- Gives up a place. After a limit was lowered some are held beyond it, and these come first: one of them moves in.
create or replace function fairlead.free_place(held_scope text, places_allowed integer, holder text) returns void
language plpgsql as $$
declare
  freed integer;
begin
  if exists (select from fairlead.places p
    where p.scope = held_scope and p.number > places_allowed and p.change_id is not null) then
    perform from fairlead.places p where p.scope = held_scope order by p.number for update; -- they may be just moving
  end if;
  update fairlead.places p set change_id = null where p.scope = held_scope and p.change_id = holder
    returning p.number into freed;
  if freed <= places_allowed then
    perform fairlead.close_ranks(held_scope, places_allowed);
  end if;
end $$;

-- Moves those that hold places beyond a limit into free ones within it, as far as there are any.
create or replace function fairlead.close_ranks(fitted_scope text, places_allowed integer) returns void language plpgsql as $$
declare
  beyond fairlead.places;
begin
  for beyond in select p.* from fairlead.places p
    where p.scope = fitted_scope and p.number > places_allowed and p.change_id is not null order by p.number
  loop
    exit when not fairlead.take_place(fitted_scope, places_allowed, beyond.change_id);
    update fairlead.places p set change_id = null where p.scope = fitted_scope and p.number = beyond.number;
  end loop;
end $$;

-- As many rows of room as a limit says, and whoever waits for it let in.
create or replace function fairlead.fit_places(fitted_scope text, places_allowed integer) returns void language plpgsql as $$
begin
  insert into fairlead.places (scope, number) select fitted_scope, n from generate_series(1, places_allowed) n
    on conflict do nothing;
  perform from fairlead.places p where p.scope = fitted_scope order by p.number for update;
  perform fairlead.close_ranks(fitted_scope, places_allowed);
  if fairlead.see_each_other(false) then
    perform fairlead.admit_changes();
  end if;
end $$;

-- Begins a pending change if there is room for it. `no room` and `workspace full` say what is missing.
create or replace function fairlead.admit_change(change fairlead.change_requests) returns text language plpgsql as $$
declare
  workspace fairlead.workspaces;
  port integer;
  made text;
begin
  select w.* into workspace from fairlead.workspaces w where w.name = change.workspace;
  if not fairlead.take_place(workspace.name, workspace.max_active_changes, change.id) then
    return 'workspace full';
  elsif not fairlead.take_place('', (select max_active_changes from fairlead.settings), change.id) then
    perform fairlead.free_place(workspace.name, workspace.max_active_changes, change.id);
    return 'no room';
  end if;
  port := fairlead.free_ports();
  if port is null then
    perform fairlead.free_place(workspace.name, workspace.max_active_changes, change.id);
    perform fairlead.free_place('', s.max_active_changes, change.id) from fairlead.settings s;
    return 'no room';
  end if;
  insert into fairlead.environments (workspace, change_id, provider, repository_url, first_port)
    values (workspace.name, change.id, workspace.provider, change.repository_url, port)
    returning id into made;
  update fairlead.change_requests set status = 'provisioning', environment_id = made where id = change.id;
  return 'admitted';
end $$;

-- Lets in the oldest pending changes that there is room for. One whose last environment is still being cleaned up
-- waits for that, or its retry would not find the work that the clean-up saves; one that somebody is just cancelling
-- is passed over.
create or replace function fairlead.admit_changes() returns void language plpgsql as $$
declare
  waiting fairlead.change_requests;
  full_workspaces text[] := '{}';
  outcome text;
begin
  loop
    select c.* into waiting from fairlead.change_requests c
      where c.status = 'pending' and c.workspace <> all (full_workspaces)
        and not exists (select from fairlead.environments e where e.change_id = c.id and e.status <> 'terminated')
      order by c.created_at, c.id limit 1 for update skip locked;
    exit when not found;
    outcome := fairlead.admit_change(waiting);
    exit when outcome = 'no room';
    if outcome = 'workspace full' then
      full_workspaces := full_workspaces || waiting.workspace;
    end if;
  end loop;
end $$;

create or replace function fairlead.admit_or_wait() returns trigger language plpgsql as $$
begin
  if not exists (select from fairlead.environments e where e.change_id = new.id and e.status <> 'terminated')
    and current_setting('transaction_isolation') = 'read committed' and fairlead.admit_change(new) = 'admitted' then
    return null;
  end if;
  -- What was given up a moment ago has been committed, and is seen now; what will be, sees this change.
  if fairlead.see_each_other(true) then
    perform fairlead.admit_changes();
  end if;
  return null;
end $$;

-- Gives up the room of a change that has ended, to the oldest that waits for it.
create or replace function fairlead.make_room(change fairlead.change_requests) returns void language plpgsql as $$
declare
  seen constant boolean := fairlead.see_each_other(false);
begin
  perform fairlead.free_place(w.name, w.max_active_changes, change.id)
    from fairlead.workspaces w where w.name = change.workspace;
  perform fairlead.free_place('', s.max_active_changes, change.id) from fairlead.settings s;
  if seen and exists (select from fairlead.change_requests where status = 'pending') then
    perform fairlead.admit_changes();
  end if;
end $$;

create or replace function fairlead.fit_workspace() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.name <> old.name then
    update fairlead.places set scope = new.name where scope = old.name;
  elsif tg_op = 'DELETE' then
    delete from fairlead.places where scope = old.name;
    return null;
  end if;
  perform fairlead.fit_places(new.name, new.max_active_changes);
  return null;
end $$;

create or replace function fairlead.fit_settings() returns trigger language plpgsql as $$
begin
  perform fairlead.fit_places('', new.max_active_changes);
  return null;
end $$;

create or replace trigger fit after insert or delete or update of name, max_active_changes on fairlead.workspaces
  for each row execute function fairlead.fit_workspace();
create or replace trigger fit after update of max_active_changes on fairlead.settings
  for each row execute function fairlead.fit_settings();

-- A low range of ports that no environment has; null when all are taken. Two transactions at once may find the same: an advisory lock on it
-- makes the second look for another.
create or replace function fairlead.free_ports() returns integer language plpgsql as $$
declare
  limits fairlead.settings;
  port integer;
begin
  select * into limits from fairlead.settings;
  port := limits.first_port;
  while port + limits.ports_per_environment <= 65536 loop
    if not exists (select from fairlead.environments e where e.first_port = port and e.status <> 'terminated')
      and pg_try_advisory_xact_lock(hashtextextended('fairlead.ports ' || port, 0)) then
      -- Looked at once more with the lock held: whoever had it before may have committed since.
      if not exists (select from fairlead.environments e where e.first_port = port and e.status <> 'terminated') then
        return port;
      end if;
    end if;
    port := port + limits.ports_per_environment;
  end loop;
  return null;
end $$;

-- Lets the change that has been approved for the longest merge, if nobody is merging into that branch.
create or replace function fairlead.admit_merge(repository text, branch text) returns void language plpgsql as $$
begin
  if current_setting('transaction_isolation') <> 'read committed'
    or not pg_try_advisory_xact_lock(hashtextextended('fairlead.admit_merge ' || repository || ' ' || branch, 0)) then
    perform fairlead.look_again(); -- somebody is at it, and may not see what this transaction does
    return;
  end if;
  update fairlead.change_requests set status = 'merging'
    where id = (select c.id from fairlead.change_requests c
        where c.status = 'approved' and c.repository_url = repository and c.target_branch = branch
        order by c.decided_at, c.id limit 1 for update skip locked)
      and not exists (select from fairlead.change_requests m
        where m.status = 'merging' and m.repository_url = repository and m.target_branch = branch);
end $$;
