-- The trigger behind every status, and the doors that it opens.

-- (add_job's own statements are planned anew at each call unless told otherwise: that is four fifths of its cost.)
create function fairlead.enqueue(task text, entity_id text, version integer, run_at timestamptz default null)
returns void language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  job_id bigint;
begin
  -- add_job with a key stores nothing, and says so by a row of nulls, when a worker locks the job it would replace
  -- between its two statements (graphile/worker#580).
  for attempt in 1..1000 loop
    select job.id into job_id from graphile_worker.add_job(
      task, json_build_object('id', entity_id, 'version', version), job_key => entity_id, run_at => enqueue.run_at) job;
    if job_id is not null then
      return;
    end if;
  end loop;
  raise exception 'could not enqueue % for %', task, entity_id;
end $$;

-- Enqueues the task that an entity waits for, if it is still at this version; false if it has moved on. Whoever acts on
-- what it read a moment ago uses this: a job for an older version would take the place of the one that is needed.
create function fairlead.enqueue_due(entity_id text, seen_version integer, run_at timestamptz default null)
returns boolean language plpgsql as $$
declare
  due text;
begin
  select c.task into due from fairlead.change_requests c where c.id = entity_id and c.version = seen_version for update;
  if not found then
    select e.task into due from fairlead.environments e where e.id = entity_id and e.version = seen_version for update;
  end if;
  if due is null then
    return false;
  end if;
  perform fairlead.enqueue(due, entity_id, seen_version, run_at);
  return true;
end $$;

-- What the move of a change brings with it in its own row.
create function fairlead.fill_change(old fairlead.change_requests, new fairlead.change_requests)
returns fairlead.change_requests language plpgsql as $$
begin
  if old.status = 'deployed' and new.status in ('approved', 'rejected', 'implementing') then
    new.decided_by := coalesce(new.decided_by, session_user);
    new.decided_at := clock_timestamp();
  end if;
  case new.status
    when 'implementing' then
      if old.status = 'deployed' then
        if new.feedback is null or new.feedback is not distinct from old.feedback then
          raise exception 'say what to change: select fairlead.request_changes(''%'', ''…'')', new.id
            using errcode = 'FL004';
        end if;
        new.round := old.round + 1;
      end if;
    when 'provisioning' then
      new.started_at := coalesce(new.started_at, clock_timestamp());
    when 'deployed' then
      new.last_failure := null;
      new.decided_by := null;
      new.decision_note := null;
      new.decided_at := null;
    when 'failed' then
      new.failed_in := old.status;
      -- A bare UPDATE to failed is somebody's cancellation.
      if new.failure_kind is null then
        new.failure_kind := 'cancelled';
        new.failure_message := 'cancelled by ' || session_user;
      end if;
    when 'pending' then
      new.last_failure := jsonb_build_object(
        'kind', old.failure_kind, 'message', old.failure_message, 'in', old.failed_in);
      new.failure_kind := null;
      new.failure_message := null;
      new.failed_in := null;
      new.environment_id := null;
      new.session_id := null;
      new.session_total := null;
      new.decided_by := null;
      new.decision_note := null;
      new.decided_at := null;
    else
      null;
  end case;
  if new.status in ('merged', 'rejected', 'failed') then
    new.preview_url := null;
    new.preview_port := null;
  end if;
  return new;
end $$;

-- What the event of a move tells besides the statuses. (In plpgsql: as an SQL function it takes ten times as long.)
create function fairlead.change_event_data(old fairlead.change_requests, new fairlead.change_requests)
returns jsonb language plpgsql immutable as $$
begin
  return case new.status
    when 'pending' then jsonb_build_object('request_text', new.request_text, 'source', new.source)
    when 'implementing' then case when old.status = 'deployed'
      then jsonb_build_object('round', new.round, 'feedback', new.feedback)
      else jsonb_build_object('round', new.round, 'branch', new.branch_name, 'head_commit', new.head_commit) end
    when 'deployed' then jsonb_build_object('preview_url', new.preview_url, 'head_commit', new.head_commit)
    when 'approved' then jsonb_build_object('note', new.decision_note)
    when 'rejected' then jsonb_build_object('note', new.decision_note)
    when 'merged' then jsonb_build_object('merge_commit_sha', new.merge_commit_sha)
    when 'failed' then jsonb_build_object('failure_kind', new.failure_kind, 'failure_message', new.failure_message,
      'failed_in', new.failed_in)
  end;
end $$;

-- THE trigger: see the head of 0001_kernel.sql.
create function fairlead.move() returns trigger language plpgsql as $$
<<this>>
declare
  entity constant text := tg_argv[0];
  legal text[];
  due text[];
  first boolean;
  final boolean;
  step text := 'moved';
  kept text;
  actor text;
  data jsonb;
begin
  if tg_op = 'UPDATE' and entity = 'change' then
    -- What nobody may change behind the kernel's back, least of all by an UPDATE that was meant for another row.
    -- (A workspace that is renamed takes its changes along; what is approved and merged is what was looked at.)
    kept := case
      when new.id <> old.id then 'id'
      when new.repository_url <> old.repository_url then 'repository'
      when new.workspace <> old.workspace and exists (select from fairlead.workspaces w where w.name = old.workspace)
        then 'workspace'
      when new.environment_id is distinct from old.environment_id
        and (new.status = old.status or new.status not in ('pending', 'provisioning')) then 'environment'
      when old.status not in ('deployed', 'approved', 'merging') then null
      when new.head_commit is distinct from old.head_commit then 'commit'
      when new.branch_name is distinct from old.branch_name or new.target_branch is distinct from old.target_branch
        then 'branch'
    end;
    if kept is not null then
      raise exception 'change % is %: its % can''t be changed', old.id, old.status, kept using errcode = 'FL001',
        detail = old.status, hint = 'Cancel it and ask for another.';
    end if;
  end if;
  if tg_op = 'UPDATE' and new.status = old.status and new.task is not distinct from old.task then
    new.version := old.version;
    new.moved_in := old.moved_in;
    return new;
  end if;

  select s.tasks, s.initial, cardinality(s.moves) = 0 into due, first, final
    from fairlead.statuses s where s.entity = this.entity and s.status = new.status;
  if not found then
    raise exception '% is not a status of a %', quote_literal(new.status), entity using errcode = 'FL001',
      hint = 'Its statuses are ' || (select string_agg(s.status, ', ' order by s.position)
        from fairlead.statuses s where s.entity = this.entity) || '.';
  end if;

  if tg_op = 'INSERT' then
    if not first then
      raise exception 'a new % cannot begin as %', entity, new.status using errcode = 'FL001',
        hint = 'Leave status out: it begins by itself.';
    end if;
    new.version := 1;
    new.task := due[1];
    new.moved_in := pg_current_xact_id();
  else
    new.version := old.version + 1;
    new.moved_in := greatest(pg_current_xact_id(), old.moved_in);
    if new.status = old.status then
      if new.task is null or coalesce(array_position(due, new.task) <= array_position(due, old.task), true) then
        raise exception '% has no task %', new.status, quote_literal(new.task) using errcode = 'FL001';
      end if;
      step := coalesce(old.task, 'task') || '_done';
    else
      select s.moves into legal from fairlead.statuses s where s.entity = this.entity and s.status = old.status;
      if not new.status = any (legal) then
        raise exception '% % is %: it cannot become %', entity, new.id, old.status, new.status
          using errcode = 'FL001', detail = old.status, hint = case cardinality(legal)
            when 0 then format('%s is final.', old.status)
            else format('From %s it can become: %s.', old.status, array_to_string(legal, ', ')) end;
      end if;
      new.task := due[1];
    end if;
  end if;

  if step = 'moved' then
    new.moved_at := clock_timestamp();
    new.finished_at := case when final or new.status = 'failed' then new.moved_at end;
  end if;
  if entity = 'change' then
    if tg_op = 'INSERT' then
      if not fairlead.says_something(coalesce(new.request_text, '')) then
        raise exception 'the request is empty: say in words what should change' using errcode = 'FL004';
      elsif length(new.request_text) > 10000 then
        raise exception 'the request has % characters: at most 10000 are allowed', length(new.request_text)
          using errcode = 'FL004';
      end if;
      select coalesce(new.agent, w.agent), coalesce(new.target_branch, w.default_branch), w.repository_url
        into new.agent, new.target_branch, new.repository_url
        from fairlead.workspaces w where w.name = new.workspace;
      if not found then
        raise exception 'there is no workspace %', quote_literal(new.workspace) using errcode = 'FL003',
          hint = 'Register it: fairlead workspace add, or insert into fairlead.workspaces (name, repository_url).';
      end if;
      actor := coalesce(new.requester_name, new.requester_id, session_user);
      data := fairlead.change_event_data(null, new);
    elsif step = 'moved' then
      new := fairlead.fill_change(old, new);
      actor := case when old.status = 'deployed' or new.failure_kind = 'cancelled' then new.decided_by end;
      data := fairlead.change_event_data(old, new);
    else
      data := fairlead.change_event_data(old, new);
    end if;
  else
    data := jsonb_build_object('note', new.note);
  end if;

  insert into fairlead.events
    (xid, entity, entity_id, change_id, workspace, kind, from_status, to_status, version, actor, data)
  values (new.moved_in, entity, new.id, case entity when 'change' then new.id else to_jsonb(new) ->> 'change_id' end,
    new.workspace, entity || '.' || case step when 'moved' then new.status else step end,
    case tg_op when 'UPDATE' then old.status end, new.status, new.version, actor, jsonb_strip_nulls(data));
  if new.task is not null then
    perform fairlead.enqueue(new.task, new.id, new.version);
  end if;
  perform pg_notify('fairlead', json_build_object(
    'entity', entity, 'id', new.id, 'status', new.status, 'version', new.version)::text);
  return new;
end $$;

create trigger move before insert or update on fairlead.change_requests
  for each row execute function fairlead.move('change');
create trigger move before insert or update on fairlead.environments
  for each row execute function fairlead.move('environment');

-- Asks for a look at the waiting rooms after this transaction: by a job, in a second.
create function fairlead.look_again() returns void language sql as $$
  select from graphile_worker.add_job(
    'reconcile', run_at => now() + interval '1 second', job_key => 'reconcile', job_key_mode => 'preserve_run_at')
$$;

-- Whoever begins to wait for room and whoever makes room must see each other: the first holds this lock alone, the
-- others hold it together, until they commit. Nobody waits for it, for somebody may leave a transaction open: who does
-- not get it looks again later. Neither can a transaction that keeps its first snapshot see what others have committed.
create function fairlead.see_each_other(alone boolean) returns boolean language plpgsql as $$
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
create function fairlead.take_place(wanted_scope text, places_allowed integer, holder text) returns boolean
language plpgsql as $$
begin
  update fairlead.places p set change_id = holder
    where p.scope = wanted_scope and p.number = (select f.number from fairlead.places f
      where f.scope = wanted_scope and f.number <= places_allowed and f.change_id is null
      order by f.number limit 1 for update skip locked);
  return found;
end $$;

-- Gives up a place. After a limit was lowered some are held beyond it, and these come first: one of them moves in.
create function fairlead.free_place(held_scope text, places_allowed integer, holder text) returns void
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
create function fairlead.close_ranks(fitted_scope text, places_allowed integer) returns void language plpgsql as $$
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
create function fairlead.fit_places(fitted_scope text, places_allowed integer) returns void language plpgsql as $$
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
create function fairlead.admit_change(change fairlead.change_requests) returns text language plpgsql as $$
declare
  workspace fairlead.workspaces;
  made text;
begin
  select w.* into workspace from fairlead.workspaces w where w.name = change.workspace;
  if not fairlead.take_place(workspace.name, workspace.max_active_changes, change.id) then
    return 'workspace full';
  elsif not fairlead.take_place('', (select max_active_changes from fairlead.settings), change.id) then
    perform fairlead.free_place(workspace.name, workspace.max_active_changes, change.id);
    return 'no room';
  end if;
  insert into fairlead.environments (workspace, change_id, provider, repository_url, first_port)
    values (workspace.name, change.id, workspace.provider, change.repository_url, fairlead.free_ports())
    returning id into made;
  update fairlead.change_requests set status = 'provisioning', environment_id = made where id = change.id;
  return 'admitted';
end $$;

-- Lets in the oldest pending changes that there is room for. One whose last environment is still being cleaned up
-- waits for that, or its retry would not find the work that the clean-up saves; one that somebody is just cancelling
-- is passed over.
create function fairlead.admit_changes() returns void language plpgsql as $$
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

create function fairlead.admit_or_wait() returns trigger language plpgsql as $$
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
create function fairlead.make_room(change fairlead.change_requests) returns void language plpgsql as $$
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

create function fairlead.fit_workspace() returns trigger language plpgsql as $$
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

create function fairlead.fit_settings() returns trigger language plpgsql as $$
begin
  perform fairlead.fit_places('', new.max_active_changes);
  return null;
end $$;

create trigger fit after insert or delete or update of name, max_active_changes on fairlead.workspaces
  for each row execute function fairlead.fit_workspace();
create trigger fit after update of max_active_changes on fairlead.settings
  for each row execute function fairlead.fit_settings();
insert into fairlead.places (scope, number)
  select '', n from fairlead.settings, generate_series(1, max_active_changes) n;

-- A low range of ports that no environment has. Two transactions at once may find the same: an advisory lock on it
-- makes the second look for another.
create function fairlead.free_ports() returns integer language plpgsql as $$
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
  raise exception 'all ranges of ports are taken: end some environments' using errcode = 'FL004';
end $$;

-- Lets the change that has been approved for the longest merge, if nobody is merging into that branch.
create function fairlead.admit_merge(repository text, branch text) returns void language plpgsql as $$
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

-- What the move of a change brings with it in other rows.
create function fairlead.follow_change() returns trigger language plpgsql as $$
begin
  if new.status = 'implementing' and old.status = 'provisioning' then
    update fairlead.environments set status = 'ready' where id = new.environment_id and status = 'provisioning';
  end if;
  if new.finished_at is not null and old.status <> 'pending' then
    update fairlead.environments set status = 'terminating'
      where id = new.environment_id and status in ('provisioning', 'ready', 'failed');
    perform fairlead.make_room(new);
  end if;
  if new.status = 'approved' or old.status = 'merging' then
    perform fairlead.admit_merge(new.repository_url, new.target_branch);
  end if;
  return null;
end $$;

-- A retry that came while the last environment was being cleaned up has waited for this.
create function fairlead.follow_environment() returns trigger language plpgsql as $$
begin
  if fairlead.see_each_other(false)
    and exists (select from fairlead.change_requests c where c.id = new.change_id and c.status = 'pending') then
    perform fairlead.admit_changes();
  end if;
  return null;
end $$;

-- History may be deleted, work in progress may not.
create function fairlead.refuse_delete() returns trigger language plpgsql as $$
begin
  raise exception '% % is %: end it before you delete it', tg_argv[0], old.id, old.status using errcode = 'FL001',
    detail = old.status, hint = 'select fairlead.cancel_change(…), and wait for the clean-up.';
end $$;

create trigger keep before delete on fairlead.change_requests
  for each row when (old.finished_at is null) execute function fairlead.refuse_delete('change');
create trigger keep before delete on fairlead.environments
  for each row when (old.status <> 'terminated') execute function fairlead.refuse_delete('environment');
create trigger follow after update of status on fairlead.environments
  for each row when (new.status = 'terminated') execute function fairlead.follow_environment();
create trigger admit after insert on fairlead.change_requests
  for each row execute function fairlead.admit_or_wait();
create trigger admit_again after update of status on fairlead.change_requests
  for each row when (old.status = 'failed' and new.status = 'pending') execute function fairlead.admit_or_wait();
create trigger follow after update of status on fairlead.change_requests
  for each row when (old.status <> new.status and new.status in
    ('implementing', 'approved', 'merged', 'rejected', 'failed')) execute function fairlead.follow_change();
