-- The trigger behind every status: see the head of 0001_kernel.sql.

-- Enqueues a task for an entity at a version. The entity's id is the job's key, so an entity has one job at most.
create or replace function fairlead.enqueue(task text, entity_id text, version integer, run_at timestamptz default null)
returns void language plpgsql as $$
begin
  perform fairlead.add_job(task, json_build_object('id', entity_id, 'version', version), entity_id, run_at);
end $$;

-- Enqueues the task that an entity waits for, if it is still at this version; false if it has moved on. Whoever acts on
-- what it read a moment ago uses this: a job for an older version would take the place of the one that is needed.
create or replace function fairlead.enqueue_due(entity_id text, seen_version integer, run_at timestamptz default null)
returns boolean language plpgsql as $$
declare
  due text;
begin
  select c.task into due from fairlead.change_requests c where c.id = entity_id and c.version = seen_version for update;
  if not found then
    select e.task into due from fairlead.environments e where e.id = entity_id and e.version = seen_version for update;
  end if;
  if not found then
    select s.task into due from fairlead.steps s where s.id = entity_id and s.version = seen_version for update;
  end if;
  if not found then
    select r.task into due from fairlead.runs r where r.id = entity_id and r.version = seen_version for update;
  end if;
  if due is null then
    return false;
  end if;
  perform fairlead.enqueue(due, entity_id, seen_version, run_at);
  return true;
end $$;

-- Whether the session may name this agent for a change in a workspace: any agent if it may act in other people's names, else
-- only those that the workspace allows. (Agents differ in how they are sandboxed, and in what they cost.)
create or replace function fairlead.may_choose_agent(in_workspace text, chosen text) returns boolean
language plpgsql stable as $$
begin
  return fairlead.speaks_for_others() or exists (
    select from fairlead.workspaces w where w.name = in_workspace and (w.agent = chosen or w.agents ? chosen));
end $$;

-- What a new change takes from its workspace.
create or replace function fairlead.fill_new_change(new fairlead.change_requests)
returns fairlead.change_requests language plpgsql as $$
begin
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
  elsif not fairlead.may_choose_agent(new.workspace, new.agent) then
    raise exception 'the workspace % does not allow you the agent %', new.workspace, quote_literal(new.agent)
      using errcode = 'FL005', hint = 'Leave it out, or name one that the workspace allows.';
  end if;
  if not fairlead.speaks_for_others() then
    new.requester_id := session_user;
    new.requester_name := session_user;
    new.source := 'sql';
  end if;
  return new;
end $$;

-- What the move of a change brings with it in its own row.
create or replace function fairlead.fill_change(old fairlead.change_requests, new fairlead.change_requests)
returns fairlead.change_requests language plpgsql as $$
begin
  if old.status = 'deployed' and new.status in ('approved', 'rejected', 'implementing') then
    new.decided_by := fairlead.speaker(new.decided_by);
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
        new.continuations := 0;
        new.lost_environments := 0;
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
      new.failed_task := old.task;
      -- A bare UPDATE to failed is somebody's cancellation.
      if new.failure_kind is null then
        new.failure_kind := 'cancelled';
        new.failure_message := 'cancelled by ' || session_user;
      end if;
    when 'pending' then
      if old.status = 'failed' then
        new.lost_environments := 0;
      -- Only lose_environment() raises the count with the move; anybody else is a person who may not do this.
      elsif new.lost_environments = old.lost_environments then
        raise exception 'change % is %: only one that has failed can be retried', old.id, old.status
          using errcode = 'FL001', detail = old.status, hint = 'Cancel it first, then retry it.';
      end if;
      -- `task` is what it waited for: whether the agent had done its work by then.
      new.last_failure := jsonb_build_object('kind', new.failure_kind, 'message', new.failure_message,
        'in', coalesce(old.failed_in, old.status), 'task', coalesce(old.failed_task, old.task));
      new.continuations := 0;
      new.failure_kind := null;
      new.failure_message := null;
      new.failed_in := null;
      new.failed_task := null;
      new.environment_id := null;
      new.session_id := null;
      new.session_total := null;
      new.decided_by := null;
      new.decision_note := null;
      new.decided_at := null;
    else
      null;
  end case;
  if new.status in ('pending', 'merged', 'rejected', 'failed') then
    new.preview_url := null;
    new.preview_port := null;
  end if;
  return new;
end $$;

-- What the event of a move tells besides the statuses. (In plpgsql: as an SQL function it takes ten times as long.)
create or replace function fairlead.change_event_data(old fairlead.change_requests, new fairlead.change_requests)
returns jsonb language plpgsql immutable as $$
begin
  return case new.status
    when 'pending' then case when new.lost_environments > 0
      then jsonb_build_object('lost_environment', new.last_failure ->> 'message')
      else jsonb_build_object('request_text', new.request_text, 'source', new.source) end
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

-- Writes an event of a change that is not a move, and notifies: its agent's usage limit is reached, or it has a new notice.
create or replace function fairlead.tell_of_change(change fairlead.change_requests, kind text, data jsonb)
returns void language plpgsql as $$
begin
  insert into fairlead.events
    (xid, entity, entity_id, change_id, workspace, kind, from_status, to_status, version, data)
  values (change.moved_in, 'change', change.id, change.id, change.workspace, kind, change.status, change.status,
    change.version, data);
  perform pg_notify('fairlead', json_build_object(
    'entity', 'change', 'id', change.id, 'status', change.status, 'version', change.version)::text);
end $$;

-- Adds a notice to a change. A notice that it has already is not added again.
create or replace function fairlead.add_notice(change_id text, code text, words text) returns void language sql as $$
  update fairlead.change_requests c
    set notices = c.notices || jsonb_build_object('code', code, 'text', words, 'at', clock_timestamp())
    where c.id = change_id and not exists (
      select from jsonb_array_elements(c.notices) n where n ->> 'code' = code and n ->> 'text' = words)
$$;

-- Where a person may move it: back to the start goes only what has failed, or has lost its environment.
create or replace function fairlead.moves_of_people(status text, moves text[]) returns text language sql immutable
begin atomic
  select array_to_string(case when status = 'failed' then moves else array_remove(moves, 'pending') end, ', ');
end;

-- Restricts a role that may update changes and does not own their table to the moves that people make. Runs as that role (it is
-- not `security definer`), and before the trigger `move`. Moves that follow from others are made as the owner, so they pass.
create or replace function fairlead.guard_change() returns trigger language plpgsql as $$
begin
  if not pg_has_role(current_user, (select c.relowner from pg_class c where c.oid = tg_relid), 'usage')
    and not (case new.status
      when 'failed' then old.finished_at is null
      when 'pending' then old.status = 'failed'
      else old.status = 'deployed' end) then
    raise exception 'change % is %: % may not make it %', old.id, old.status, current_user, new.status
      using errcode = 'FL005', detail = old.status, hint = 'Only tasks do that.';
  end if;
  return new;
end $$;

-- THE trigger.
create or replace function fairlead.move() returns trigger language plpgsql as $$
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
  of_change text;
  of_workspace text;
  of_run text;
  runs_at timestamptz;
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
    new.moved_at := old.moved_at;
    new.finished_at := old.finished_at;
    -- Two ifs: an environment has no waits_until, and plpgsql looks up every column of an expression.
    if entity = 'change' then
      if new.waits_until > coalesce(old.waits_until, '-infinity') then
        new.moved_in := fairlead.event_xid(old.moved_in);
        perform fairlead.tell_of_change(new, 'change.limited', jsonb_build_object('until', new.waits_until));
      end if;
      if new.notices <> old.notices then
        new.moved_in := fairlead.event_xid(old.moved_in);
        perform fairlead.tell_of_change(new, 'change.notice', new.notices -> -1);
      end if;
    end if;
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
    new.moved_in := fairlead.event_xid(null);
  else
    new.version := old.version + 1;
    new.moved_in := fairlead.event_xid(old.moved_in);
    if new.status = old.status then
      if coalesce(array_position(due, new.task) <= coalesce(array_position(due, old.task), 0), true) then
        raise exception '% has no task %', new.status, quote_literal(new.task) using errcode = 'FL001';
      end if;
      step := coalesce(old.task, 'task') || '_done';
    else
      select s.moves into legal from fairlead.statuses s where s.entity = this.entity and s.status = old.status;
      if not new.status = any (legal) then
        raise exception '% % is %: it cannot become %', entity, new.id, old.status, new.status
          using errcode = 'FL001', detail = old.status, hint = case cardinality(legal)
            when 0 then format('%s is final.', old.status)
            else format('From %s it can become: %s.', old.status, case entity
              when 'change' then fairlead.moves_of_people(old.status, legal) else array_to_string(legal, ', ') end) end;
      end if;
      new.task := due[1];
    end if;
  end if;

  if step = 'moved' then
    new.moved_at := clock_timestamp();
    new.finished_at := case when final or new.status = 'failed' then new.moved_at end;
  end if;
  case entity
    when 'change' then
      of_change := new.id;
      of_workspace := new.workspace;
      new.waits_until := null;
      if tg_op = 'INSERT' then
        new := fairlead.fill_new_change(new);
        of_workspace := new.workspace;
        actor := coalesce(new.requester_name, new.requester_id, session_user);
        data := fairlead.change_event_data(null, new);
      else
        if step = 'moved' then
          new := fairlead.fill_change(old, new);
          actor := case when old.status = 'deployed' or new.failure_kind = 'cancelled' then new.decided_by end;
        end if;
        data := fairlead.change_event_data(old, new);
      end if;
    when 'environment' then
      of_change := new.change_id;
      of_workspace := new.workspace;
      of_run := new.run_id;
      data := jsonb_build_object('note', new.note);
    when 'run' then
      if tg_op = 'INSERT' then
        new := fairlead.fill_new_run(new);
      elsif step = 'moved' then
        new := fairlead.fill_run(old, new);
      end if;
      of_change := new.change_id;
      of_run := new.id;
      actor := case when tg_op = 'INSERT' then new.started_by when new.status in ('pending', 'cancelled') then new.decided_by end;
      data := fairlead.run_event_data(new);
    when 'step' then
      if step = 'moved' then
        new := fairlead.fill_step(old, new);
        runs_at := case new.status when 'waiting' then new.waits_until end;
        if old.task is not null and old.status = 'waiting' and new.task is null then
          perform fairlead.remove_job(new.id); -- it was to be woken some day
        end if;
      else
        step := 'stopping';
      end if;
      of_change := new.change_id;
      of_run := new.run_id;
      data := fairlead.step_event_data(new);
  end case;

  insert into fairlead.events
    (xid, entity, entity_id, change_id, run_id, workspace, kind, from_status, to_status, version, actor, data)
  values (new.moved_in, entity, new.id, of_change, of_run, of_workspace,
    entity || '.' || case step when 'moved' then new.status else step end,
    case tg_op when 'UPDATE' then old.status end, new.status, new.version, actor, jsonb_strip_nulls(data));
  if new.task is not null then
    perform fairlead.enqueue(new.task, new.id, new.version, runs_at);
  end if;
  -- One notice for all the steps of a run that move in a transaction: equal ones are sent once.
  perform pg_notify('fairlead', case entity
    when 'step' then json_build_object('entity', 'run', 'id', of_run)
    else json_build_object('entity', entity, 'id', new.id, 'status', new.status, 'version', new.version) end::text);
  return new;
end $$;

create or replace trigger guard before update of status on fairlead.change_requests
  for each row when (old.status <> new.status) execute function fairlead.guard_change();
create or replace trigger move before insert or update on fairlead.change_requests
  for each row execute function fairlead.move('change');
create or replace trigger move before insert or update on fairlead.environments
  for each row execute function fairlead.move('environment');
create or replace trigger move_on_insert before insert on fairlead.runs
  for each row execute function fairlead.move('run');
-- Of these columns only: what a run counts and what a step waits for change with every step that settles.
create or replace trigger move before update of status, task on fairlead.runs
  for each row execute function fairlead.move('run');
create or replace trigger move before update of status, task on fairlead.steps
  for each row execute function fairlead.move('step');
