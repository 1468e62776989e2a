-- The lives of runs and steps: what a move brings with it in the row itself, how a run begins, and what follows from its
-- moves elsewhere.

-- What the move of a run brings with it in its own row.
create or replace function fairlead.fill_run(old fairlead.runs, new fairlead.runs) returns fairlead.runs
language plpgsql as $$
begin
  new.finished_at := case when fairlead.is_settled(new.status) then new.moved_at end;
  case new.status
    when 'running' then
      new.started_at := coalesce(new.started_at, clock_timestamp());
    when 'pending' then
      new.ending := null;
      new.at_once := false;
      new.passed_over := '{}';
      new.failed_step := null;
      new.failure_kind := null;
      new.failure_message := null;
      -- Where something is kept, it goes on in whichever stage comes next.
      new.stage := case when not exists (
        select from fairlead.steps s where s.run_id = new.id and s.status = 'succeeded') then new.stages ->> 'initial' end;
    when 'succeeded' then
      new.stage := new.stages -> 'ends' ->> 'succeeded';
    when 'failed' then
      new.stage := new.stages -> 'ends' ->> 'failed';
      new.failure_kind := coalesce(new.failure_kind, 'internal');
      new.failure_message := coalesce(new.failure_message, 'ended by ' || session_user);
    when 'cancelled' then
      new.stage := new.stages -> 'ends' ->> 'cancelled';
      new.failure_kind := 'cancelled';
      new.failure_message := coalesce(new.failure_message, 'cancelled by ' || session_user);
  end case;
  return new;
end $$;

create or replace function fairlead.run_event_data(new fairlead.runs) returns jsonb language plpgsql immutable as $$
begin
  return case new.status
    when 'pending' then jsonb_build_object('plan', new.plan_id, 'steps', new.total, 'stage', new.stage)
    when 'failed' then jsonb_build_object('failure_kind', new.failure_kind, 'failure_message', new.failure_message,
      'failed_step', new.failed_step, 'stage', new.stage)
    when 'cancelled' then jsonb_build_object('failure_message', new.failure_message, 'stage', new.stage)
    else jsonb_build_object('stage', new.stage)
  end;
end $$;

-- What the move of a step brings with it: its attempt begins or ends.
create or replace function fairlead.fill_step(old fairlead.steps, new fairlead.steps) returns fairlead.steps
language plpgsql as $$
declare
  outcome text;
begin
  new.finished_at := case when fairlead.is_settled(new.status) then new.moved_at end;
  if old.status in ('running', 'waiting') then
    -- One that failed and is to be tried again is over; one that waits for a person or a time is not.
    outcome := case when new.status = 'pending' then 'cancelled'
      when new.waits_for ->> 'for' = 'retry' and new.status = 'waiting' then 'failed' else new.status end;
    update fairlead.step_attempts a set status = outcome, exit_code = new.exit_code, failure_kind = new.failure_kind,
      failure_message = new.failure_message,
      finished_at = case when outcome <> 'waiting' or new.waits_for ->> 'for' = 'limit' then new.moved_at end
      where a.step_id = new.id and a.number = old.attempt and a.finished_at is null;
  end if;
  case new.status
    when 'running' then
      new.attempt := old.attempt + 1;
      new.started_at := clock_timestamp();
      new.exit_code := null;
      new.failure_kind := null;
      new.failure_message := null;
      insert into fairlead.step_attempts (step_id, number, run_id, round, status, started_at)
        values (new.id, new.attempt, new.run_id, new.round, 'running', new.started_at);
    when 'waiting' then
      if new.waits_until is null then
        new.task := null;
      end if;
    when 'pending' then
      new.again := false;
      new.waits_for := null;
      new.waits_until := null;
    else
      new.waits_for := null;
      new.waits_until := null;
      if new.status = 'cancelled' then
        new.failure_kind := 'cancelled';
        new.failure_message := coalesce(new.failure_message, 'it was stopped');
      end if;
  end case;
  return new;
end $$;

create or replace function fairlead.step_event_data(new fairlead.steps) returns jsonb language plpgsql immutable as $$
begin
  return jsonb_build_object('step', new.key, 'attempt', new.attempt,
    'round', case when new.round > 1 then new.round end) || case
    when new.status = 'waiting' then jsonb_build_object('for', new.waits_for ->> 'for', 'until', new.waits_until,
      'message', left(new.waits_for ->> 'message', 1000),
      'failure_kind', new.failure_kind, 'failure_message', new.failure_message)
    when new.status in ('failed', 'succeeded', 'cancelled') then jsonb_build_object('exit_code', new.exit_code,
      'failure_kind', new.failure_kind, 'failure_message', new.failure_message)
    else '{}' end;
end $$;

-- The words that a run was given for its plan's variables: defaults filled in, nothing unknown, nothing missing.
create or replace function fairlead.fill_variables(declared jsonb, given jsonb) returns jsonb language plpgsql as $$
declare
  wrong text;
begin
  select string_agg(g.name, ', ') into wrong from jsonb_each(given) g(name, value)
    where not exists (select from jsonb_array_elements(declared) d where d ->> 'name' = g.name);
  if wrong is not null then
    raise exception 'the plan has no variable %', wrong using errcode = 'FL004', hint = coalesce('It has: ' ||
      (select string_agg(d ->> 'name', ', ') from jsonb_array_elements(declared) d) || '.', 'It has none at all.');
  end if;
  select string_agg(g.name, ', ') into wrong from jsonb_each(given) g(name, value)
    where jsonb_typeof(g.value) not in ('string', 'number', 'boolean') or length(g.value ->> 0) > 100000;
  if wrong is not null then
    raise exception '% has no value that a variable can have', wrong using errcode = 'FL004',
      hint = 'Give a text of at most 100000 characters, a number, true or false.';
  end if;
  select string_agg(d ->> 'name', ', ') into wrong from jsonb_array_elements(declared) d
    where (d ->> 'required')::boolean and not given ? (d ->> 'name');
  if wrong is not null then
    raise exception 'the plan needs a value for %', wrong using errcode = 'FL004',
      hint = 'Give it: --var NAME=VALUE on the command line, `variables` over HTTP and in start_run().';
  end if;
  return (select coalesce(jsonb_object_agg(d ->> 'name', coalesce(given ->> (d ->> 'name'), d ->> 'default', '')), '{}')
    from jsonb_array_elements(declared) d);
end $$;

-- What a new run takes from its plan.
create or replace function fairlead.fill_new_run(new fairlead.runs) returns fairlead.runs language plpgsql as $$
declare
  plan fairlead.plans;
begin
  select p.* into plan from fairlead.plans p
    where p.plan_id = new.plan_id
      and case when new.plan_hash is null then p.registered_at is not null else p.hash = new.plan_hash end
    order by p.registered_at desc limit 1;
  if not found then
    raise exception 'there is no plan %', quote_literal(new.plan_id) using errcode = 'FL003',
      hint = 'Register it: fairlead plan add FILE. select plan_id from fairlead.plans lists them.';
  end if;
  new.plan_hash := plan.hash;
  new.variables := fairlead.fill_variables(plan.document -> 'variables', coalesce(new.variables, '{}'));
  new.max_concurrency := (plan.document -> 'globals' ->> 'max_concurrency')::integer;
  new.stages := nullif(plan.document -> 'stages', 'null');
  new.stage := new.stages ->> 'initial';
  new.total := jsonb_array_length(plan.document -> 'steps');
  new.unfinished := new.total;
  if new.parent_step_id is not null or new.change_id is not null then
    new.task := null; -- it has an environment already
  end if;
  return new;
end $$;

-- Makes a new run's steps, and its environment if it is to have one of its own. (The planner takes every list in JSON for
-- short: left to itself it joins 10,000 steps with 10,000 in a nested loop. What is forbidden to it seems so dear that it
-- would compile the rest, which takes longer than the whole.)
create or replace function fairlead.lay_out_run() returns trigger language plpgsql set enable_nestloop = off set jit = off as $$
begin
  with laid as materialized (
    select l.position::integer, l.spec, l.spec ->> 'id' as key
    from fairlead.plans p, jsonb_array_elements(p.document -> 'steps') with ordinality l(spec, position)
    where p.plan_id = new.plan_id and p.hash = new.plan_hash
  ), edges as materialized (
    select l.position, n.position as needs
    from (select l.position, jsonb_array_elements_text(l.spec -> 'depends_on') as key from laid l) l
    join laid n on n.key = l.key
  )
  insert into fairlead.steps (run_id, position, key, spec, needs, dependents, unmet, handles_failure, change_id)
  select new.id, l.position, l.key, l.spec, coalesce(n.needs, '{}'), coalesce(d.dependents, '{}'),
    coalesce(cardinality(n.needs), 0),
    exists (select from jsonb_each(l.spec -> 'when') w where w.value ?| array['failed', 'skipped', 'finished']),
    new.change_id
  from laid l
  left join (select e.position, array_agg(e.needs) as needs from edges e group by e.position) n using (position)
  left join (select e.needs as position, array_agg(e.position) as dependents from edges e group by e.needs) d
    using (position)
  order by l.position;
  if new.parent_step_id is null and new.change_id is null then
    perform fairlead.give_environment(new);
  else
    update fairlead.runs set status = 'running' where id = new.id;
  end if;
  return null;
end $$;

-- An environment of the run's own, that the task begin_run makes.
create or replace function fairlead.give_environment(run fairlead.runs) returns void language plpgsql as $$
declare
  made text;
begin
  insert into fairlead.environments (run_id, provider, repository_url)
    values (run.id, 'local', coalesce(run.folder, '')) returning id into made;
  update fairlead.runs set environment_id = made where id = run.id;
end $$;

-- What follows from the move of a run.
create or replace function fairlead.follow_run() returns trigger language plpgsql as $$
begin
  if new.status = 'running' then
    update fairlead.environments set status = 'ready' where run_id = new.id and status = 'provisioning';
    perform fairlead.advance_run(new.id, '{}', case when old.started_at is null then '{}' else array(
      select s.position from fairlead.steps s where s.run_id = new.id and s.status = 'pending' and s.unmet = 0) end);
  elsif new.status = 'pending' then
    perform fairlead.begin_again(new.id, fairlead.steps_to_retry(new), 1, null);
    perform fairlead.give_environment(new);
  else
    if new.unfinished > 0 then
      perform fairlead.drop_steps(new.id);
    end if;
    update fairlead.environments set status = 'terminating'
      where run_id = new.id and status in ('provisioning', 'ready', 'failed');
    perform fairlead.settle_caller(s, new) from fairlead.steps s
      where s.id = new.parent_step_id and s.status = 'waiting' and s.waits_for ->> 'run' = new.id;
    -- Under a key of its own: to look whether the change has moved on would be to lock it, and who ends a change locks its
    -- run next.
    perform fairlead.add_job('implement', json_build_object('id', c.id, 'version', c.version), new.id)
      from fairlead.change_requests c
      where c.id = new.change_id and new.parent_step_id is null and c.status = 'implementing' and c.task = 'implement';
  end if;
  return null;
end $$;

-- Settles the step that waited for a run of another plan.
create or replace function fairlead.settle_caller(caller fairlead.steps, ended fairlead.runs) returns void
language plpgsql as $$
declare
  why constant text := format('the run %s of plan %s: %s', ended.id, ended.plan_id, ended.failure_message);
begin
  if caller.again then
    update fairlead.steps s set status = 'pending' where s.id = caller.id;
  elsif caller.failure_kind = 'timeout' then
    perform fairlead.fail_step(caller.id, caller.version, 'timeout', caller.failure_message);
  elsif ended.status = 'succeeded' then
    update fairlead.steps s set status = 'succeeded' where s.id = caller.id;
  elsif caller.task = 'stop_step' then
    update fairlead.steps s set status = 'cancelled', failure_message = why where s.id = caller.id;
  else
    perform fairlead.fail_step(caller.id, caller.version, 'plan', why);
  end if;
end $$;

-- What a run that was ended at once leaves: nothing of it begins any more, and what runs is stopped.
create or replace function fairlead.drop_steps(in_run text) returns void language plpgsql as $$
begin
  perform set_config('fairlead.advancing', in_run, true);
  update fairlead.steps s set status = 'cancelled'
    where s.id in (select d.id from fairlead.steps d
      where d.run_id = in_run and (d.status = 'pending' or (d.status = 'waiting' and d.waits_for ->> 'for' <> 'plan'))
      for update skip locked);
  update fairlead.steps s set task = 'stop_step'
    where s.id in (select d.id from fairlead.steps d
      where d.run_id = in_run and d.status in ('running', 'waiting') and d.task is distinct from 'stop_step'
      for update skip locked);
  update fairlead.runs r set unfinished = (select count(*) from fairlead.steps s
      where s.run_id = in_run and not fairlead.is_settled(s.status)) where r.id = in_run;
  perform set_config('fairlead.advancing', '', true);
end $$;

-- What did not succeed, and a step that a person named, and all that depends on these. Where the run had a folder of its
-- own, that has gone with what the others had left in it: all begins anew.
create or replace function fairlead.steps_to_retry(run fairlead.runs) returns integer[] language sql stable as $$
  select fairlead.steps_after(run.id, array(
    select s.position from fairlead.steps s
    where s.run_id = run.id and (s.status <> 'succeeded' or s.key = run.retry_from or run.folder is null)))
$$;

create or replace trigger lay_out after insert on fairlead.runs
  for each row execute function fairlead.lay_out_run();
create or replace trigger follow after update of status on fairlead.runs
  for each row when (old.status <> new.status) execute function fairlead.follow_run();

-- Where a run stands in words of its plan: only as its plan declares.
create or replace function fairlead.move_stage() returns trigger language plpgsql as $$
begin
  if new.stage is not distinct from old.stage or new.status <> old.status then
    return new;
  elsif new.stages is null or not coalesce(
    case when old.stage is null then new.stages -> 'moves' ? new.stage else new.stages -> 'moves' -> old.stage ? new.stage end,
    false) then
    raise exception 'run % is %: it cannot become %', new.id, coalesce(old.stage, 'in no stage'), new.stage
      using errcode = 'FL001', detail = old.status, hint = case when new.stages is null then 'Its plan has no stages.'
        else coalesce('From ' || old.stage || ' it can become: ' ||
          (select string_agg(m, ', ') from jsonb_array_elements_text(new.stages -> 'moves' -> old.stage) m) || '.',
          old.stage || ' is final.') end;
  end if;
  new.moved_in := fairlead.event_xid(old.moved_in);
  insert into fairlead.events (xid, entity, entity_id, change_id, run_id, kind, from_status, to_status, version, data)
    values (new.moved_in, 'run', new.id, new.change_id, new.id, 'run.stage', new.status, new.status, new.version,
      jsonb_build_object('from', old.stage, 'to', new.stage));
  perform pg_notify('fairlead', json_build_object('entity', 'run', 'id', new.id)::text);
  return new;
end $$;

create or replace trigger stage before update of stage on fairlead.runs
  for each row execute function fairlead.move_stage();
create or replace trigger keep before delete on fairlead.runs
  for each row when (old.finished_at is null) execute function fairlead.refuse_delete('run');
