-- What a person says to a run or one of its steps, as functions: for psql, and the very same for the API and the command
-- line. (And what a change says to its plan.)

-- `variables`: {"BRANCH": "main"}. `folder`: where its commands work, an absolute path on the workers' machine; without
-- one they work in an empty folder of the run's own.
create or replace function fairlead.start_run(
  plan_id text, variables jsonb default '{}', folder text default null, started_by text default null,
  agent text default null, idempotency_key text default null, plan_hash text default null, id text default null
) returns fairlead.runs language plpgsql as $$
#variable_conflict use_variable
declare
  made fairlead.runs;
begin
  select r.* into made from fairlead.runs r where r.idempotency_key = start_run.idempotency_key;
  if not found then
    begin
      insert into fairlead.runs as r (id, plan_id, plan_hash, variables, folder, started_by, agent, idempotency_key)
        values (coalesce(id, fairlead.ulid()), plan_id, plan_hash, variables, folder, coalesce(started_by, session_user),
          agent, idempotency_key)
        returning r.id into id;
      select r.* into made from fairlead.runs r where r.id = start_run.id;
    exception when unique_violation then
      select r.* into strict made from fairlead.runs r where r.idempotency_key = start_run.idempotency_key;
    end;
  end if;
  if made.plan_id <> plan_id then
    raise exception 'the idempotency key % was used for a run of another plan: %', idempotency_key, made.id
      using errcode = 'FL004', hint = 'Use a new key for a new run.';
  end if;
  return made;
end $$;

-- The run of the plan that a change's workspace names for its implementation: begun now, or begun before at this version.
-- Of what a change can tell, the plan is given the variables that it has: REQUEST, FEEDBACK, ROUND, BRANCH,
-- TARGET_BRANCH, BASE_COMMIT, and as REMOTE the checkout itself, for the change's branch is pushed by us. Null: the change has moved on.
create or replace function fairlead.start_change_run(change_id text, seen_version integer) returns fairlead.runs
language plpgsql as $$
#variable_conflict use_variable
declare
  change fairlead.change_requests;
  run fairlead.runs;
  named text;
  known jsonb;
begin
  select c.* into change from fairlead.change_requests c where c.id = change_id and c.version = seen_version for update;
  if not found then
    return null;
  end if;
  select r.* into run from fairlead.runs r where r.idempotency_key = format('change %s %s', change_id, seen_version);
  if found then
    return run;
  end if;
  select w.plan_id into named from fairlead.workspaces w where w.name = change.workspace;
  known := jsonb_build_object('REQUEST', change.request_text, 'FEEDBACK', coalesce(change.feedback ->> 'text', ''),
    'ROUND', change.round::text, 'BRANCH', change.branch_name, 'TARGET_BRANCH', change.target_branch,
    'BASE_COMMIT', change.base_commit, 'REMOTE', '.');
  insert into fairlead.runs as r (plan_id, variables, change_id, environment_id, agent, started_by, idempotency_key)
    select named, coalesce((select jsonb_object_agg(k.name, k.value) from jsonb_each(known) k(name, value)
        where exists (select from jsonb_array_elements(p.document -> 'variables') d where d ->> 'name' = k.name)), '{}'),
      change.id, change.environment_id, change.agent, change.requester_name,
      format('change %s %s', change_id, seen_version)
    from (select 1) one left join lateral (select p.document from fairlead.plans p where p.plan_id = named
        and p.registered_at is not null order by p.registered_at desc limit 1) p on true
    returning r.id into run.id;
  select r.* into run from fairlead.runs r where r.id = run.id;
  return run;
end $$;

create or replace function fairlead.run_seen(run_id text, seen_version integer) returns fairlead.runs
language plpgsql as $$
declare
  run fairlead.runs;
begin
  select r.* into run from fairlead.runs r where r.id = run_id for update;
  if not found then
    raise exception 'there is no run %', quote_literal(run_id) using errcode = 'FL003',
      hint = 'select id, plan_id, status from fairlead.runs order by id desc lists them.';
  elsif run.version <> seen_version then
    raise exception 'run % has moved on: you saw version %, it is at %, %', run_id, seen_version, run.version, run.status
      using errcode = 'FL002', detail = run.status, hint = 'Look at it again, then decide.';
  end if;
  return run;
end $$;

-- Ends a run: what runs is stopped, and steps that are there for failures still run. Said again, or `at_once`, these are
-- stopped as well.
create or replace function fairlead.cancel_run(
  run_id text, cancelled_by text default null, note text default null, at_once boolean default false,
  seen_version integer default null
) returns fairlead.runs language plpgsql as $$
#variable_conflict use_variable
declare
  run fairlead.runs := fairlead.run_seen(run_id, seen_version);
  why constant text := 'cancelled by ' || coalesce(cancelled_by, session_user) || coalesce(': ' || note, '');
begin
  if run.finished_at is not null then
    raise exception 'run % is %: it can''t be cancelled any more', run.id, run.status using errcode = 'FL001',
      detail = run.status, hint = 'It has ended.';
  elsif run.status = 'pending' then
    update fairlead.runs r set status = 'cancelled', failure_message = why,
      decided_by = coalesce(cancelled_by, session_user) where r.id = run.id;
  else
    update fairlead.runs r set decided_by = coalesce(cancelled_by, session_user),
      at_once = cancel_run.at_once or run.ending is not null, ending = 'cancelled', failure_kind = 'cancelled', failure_message = why where r.id = run.id;
    perform fairlead.wind_up(run.id, at_once or run.ending is not null, 'cancelled');
    -- Runs that steps of it wait for are told as well, if they have not been told yet that it is at once.
    perform fairlead.enqueue_due(s.id, s.version) from fairlead.steps s
      where s.run_id = run.id and s.status = 'waiting' and s.task = 'stop_step';
  end if;
  return fairlead.run_seen(run_id, null);
end $$;

-- Begins a run that has ended once more, with what did not succeed; `from_step` and all that depends on it as well.
create or replace function fairlead.retry_run(
  run_id text, from_step text default null, retried_by text default null, seen_version integer default null
) returns fairlead.runs language plpgsql as $$
#variable_conflict use_variable
declare
  run fairlead.runs := fairlead.run_seen(run_id, seen_version);
begin
  if run.parent_step_id is not null or run.change_id is not null then
    raise exception 'run % belongs to %', run.id, case when run.parent_step_id is null then 'change ' || run.change_id
      else 'a step of run ' || (select s.run_id from fairlead.steps s where s.id = run.parent_step_id) end
      using errcode = 'FL001', detail = run.status, hint = 'Retry that one.';
  elsif run.finished_at is null or (run.status = 'succeeded' and from_step is null) then
    raise exception 'run % is %: only one that has failed or was cancelled can be retried', run.id, run.status
      using errcode = 'FL001', detail = run.status, hint = 'One that has succeeded can be retried from a step.';
  elsif from_step is not null
    and not exists (select from fairlead.steps s where s.run_id = run.id and s.key = from_step) then
    raise exception 'run % has no step %', run.id, quote_literal(from_step) using errcode = 'FL003',
      hint = 'select key, status from fairlead.steps where run_id = … lists them.';
  elsif exists (select from fairlead.steps s where s.run_id = run.id and not fairlead.is_settled(s.status)) then
    raise exception 'run % has steps that are just being stopped', run.id using errcode = 'FL001',
      detail = run.status, hint = 'Retry it in a moment.';
  end if;
  update fairlead.runs r set status = 'pending', retry_from = from_step,
    decided_by = coalesce(retried_by, session_user) where r.id = run.id;
  return fairlead.run_seen(run_id, null);
end $$;

-- A run, and all those that steps of it wait for.
create or replace function fairlead.runs_within(outer_run text) returns setof text language sql stable as $$
  with recursive within as (
    select outer_run as id
    union
    select s.waits_for ->> 'run' from within w join fairlead.steps s on s.run_id = w.id
      where s.status = 'waiting' and s.waits_for ->> 'for' = 'plan'
  )
  select w.id from within w
$$;

-- Says a person's word to a step that waits for one, also in a run that this one waits for: `approve` or `reject`, one of the choices, or an answer.
create or replace function fairlead.answer_step(
  run_id text, word text, step text default null, answered_by text default null, note text default null,
  seen_version integer default null
) returns fairlead.steps language plpgsql as $$
#variable_conflict use_variable
declare
  asked fairlead.steps;
  who constant text := fairlead.speaker(answered_by);
  kind text;
begin
  perform from fairlead.runs r where r.id = run_id;
  if not found then
    raise exception 'there is no run %', quote_literal(run_id) using errcode = 'FL003';
  end if;
  select s.* into asked from fairlead.steps s
    where s.run_id in (select fairlead.runs_within(run_id)) and (step is null or s.key = step) and s.status = 'waiting'
      and s.waits_for ->> 'for' in ('approval', 'choice', 'answer')
    order by s.position limit 1 for update;
  kind := asked.waits_for ->> 'for';
  if asked.id is null then
    raise exception 'run % waits for nobody''s word%', run_id, coalesce(' at step ' || step, '') using errcode = 'FL001',
      hint = 'select key, waits_for from fairlead.steps where status = ''waiting'' lists what is asked.';
  elsif asked.version <> seen_version then
    raise exception 'step % of run % has moved on: you saw version %, it is at %', asked.key, run_id, seen_version,
      asked.version using errcode = 'FL002', detail = asked.status, hint = 'Look at it again, then answer.';
  elsif step is null and (select count(*) > 1 from fairlead.steps s
      where s.run_id in (select fairlead.runs_within(run_id)) and s.status = 'waiting'
      and s.waits_for ->> 'for' in ('approval', 'choice', 'answer')) then
    raise exception 'run % asks more than one question', run_id using errcode = 'FL004', hint = 'Name the step.';
  elsif jsonb_array_length(asked.waits_for -> 'who') > 0 and not asked.waits_for -> 'who' ? who then
    raise exception '% may not answer step % of run %', who, asked.key, run_id using errcode = 'FL005',
      hint = 'These may: ' || (select string_agg(w, ', ') from jsonb_array_elements_text(asked.waits_for -> 'who') w) || '.';
  elsif kind = 'approval' and word not in ('approve', 'reject') then
    raise exception 'step % asks for an approval', asked.key using errcode = 'FL004', hint = 'Say approve or reject.';
  elsif kind = 'choice' and not asked.waits_for -> 'choices' ? word then
    raise exception '% is no choice of step %', quote_literal(word), asked.key using errcode = 'FL004',
      hint = 'Its choices: ' || (select string_agg(c, ', ') from jsonb_array_elements_text(asked.waits_for -> 'choices') c);
  elsif not fairlead.says_something(word) or length(word) > 10000 then
    raise exception 'an answer has 1 to 10000 characters' using errcode = 'FL004';
  end if;
  -- A caller could have set this in its own session, and the engine would then not follow the step.
  perform set_config('fairlead.advancing', '', true);
  if kind = 'approval' and word = 'reject' then
    update fairlead.steps s set status = 'failed', failure_kind = 'rejected',
      failure_message = 'rejected by ' || who || coalesce(': ' || note, '') where s.id = asked.id;
  else
    update fairlead.steps s set status = 'succeeded', outputs = jsonb_strip_nulls(jsonb_build_object(
        'by', who, 'note', coalesce(note, ''), 'choice', case kind when 'choice' then word end,
        'answer', case kind when 'answer' then word end)) where s.id = asked.id;
  end if;
  select s.* into asked from fairlead.steps s where s.id = asked.id;
  return asked;
end $$;
