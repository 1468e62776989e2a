-- Which `pending` changes get a slot and begin, and which `approved` ones may merge. A slot is a row of `fairlead.places`; a change
-- holds one of its workspace and one of all changes (scope '').

-- Enqueues `reconcile` to run in a second: it admits the changes that this transaction could not.
create or replace function fairlead.look_again() returns void language plpgsql as $$
begin
  perform fairlead.add_job('reconcile', null, 'reconcile', now() + interval '1 second', keep_run_at => true);
end $$;

-- A change that begins to wait for a slot takes this lock exclusively, and a transaction that releases one takes it shared, until
-- they commit: so one of two concurrent transactions always sees the other. It never blocks, because a client may leave its
-- transaction open: where the lock is not free, `reconcile` runs within a second. The same happens in a transaction that is not
-- `read committed`, which does not see what others have committed since its first snapshot.
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

-- Gives a change a free slot, if there is one. Slots that another transaction has locked are skipped.
create or replace function fairlead.take_place(wanted_scope text, places_allowed integer, holder text) returns boolean
language plpgsql as $$
begin
  update fairlead.places p set change_id = holder
    where p.scope = wanted_scope and p.number = (select f.number from fairlead.places f
      where f.scope = wanted_scope and f.number <= places_allowed and f.change_id is null
      order by f.number limit 1 for update skip locked);
  return found;
end $$;

-- Releases a change's slot. If a lowered limit has left changes in slots above it, one of these moves to the released slot.
create or replace function fairlead.free_place(held_scope text, places_allowed integer, holder text) returns void
language plpgsql as $$
declare
  freed integer;
begin
  if exists (select from fairlead.places p
    where p.scope = held_scope and p.number > places_allowed and p.change_id is not null) then
    perform from fairlead.places p where p.scope = held_scope order by p.number for update; -- another transaction may be moving them
  end if;
  update fairlead.places p set change_id = null where p.scope = held_scope and p.change_id = holder
    returning p.number into freed;
  if freed <= places_allowed then
    perform fairlead.close_ranks(held_scope, places_allowed);
  end if;
end $$;

-- Moves changes from slots above the limit to free slots within it, as long as there are any.
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

-- Adds slots up to a limit that was raised, moves changes within one that was lowered, and admits changes that wait.
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

-- Starts a pending change if it gets both slots and a range of ports. Returns `workspace full` where its workspace has no free slot,
-- and `no room` where there is none for any change, or no port.
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

-- Starts the oldest pending changes that get slots. A change whose last environment is still being cleaned up waits for the
-- clean-up, because its retry continues from the work that the clean-up saves; one that another transaction has locked, for
-- example to cancel it, is skipped.
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
  -- With the lock held, slots released by committed transactions are visible here, and later releases will see this change.
  if fairlead.see_each_other(true) then
    perform fairlead.admit_changes();
  end if;
  return null;
end $$;

-- Releases the slots of a change that has ended, and admits the oldest changes that wait.
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

-- The lowest range of ports that no environment has; null when all are taken. Two concurrent transactions may find the same one:
-- by an advisory lock on it, the second takes another.
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
      -- Checked again with the lock held: the transaction that held it before may have taken the range and committed.
      if not exists (select from fairlead.environments e where e.first_port = port and e.status <> 'terminated') then
        return port;
      end if;
    end if;
    port := port + limits.ports_per_environment;
  end loop;
  return null;
end $$;

-- Starts the merge of the change that was approved first, unless another change is being merged into that branch.
create or replace function fairlead.admit_merge(repository text, branch text) returns void language plpgsql as $$
begin
  if current_setting('transaction_isolation') <> 'read committed'
    or not pg_try_advisory_xact_lock(hashtextextended('fairlead.admit_merge ' || repository || ' ' || branch, 0)) then
    perform fairlead.look_again(); -- another transaction is doing this, and may not see this one's rows
    return;
  end if;
  update fairlead.change_requests set status = 'merging'
    where id = (select c.id from fairlead.change_requests c
        where c.status = 'approved' and c.repository_url = repository and c.target_branch = branch
        order by c.decided_at, c.id limit 1 for update skip locked)
      and not exists (select from fairlead.change_requests m
        where m.status = 'merging' and m.repository_url = repository and m.target_branch = branch);
end $$;
