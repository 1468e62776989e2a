-- How tasks settle a step where that takes more than one statement. Each is guarded by the version that the task was
-- enqueued for.

-- Adds what an agent cost: {"costUsd": 0.1, "inputTokens": 12, "outputTokens": 34}.
create or replace function fairlead.charge_step(step_id text, usage jsonb) returns void language sql as $$
  update fairlead.steps s set cost_usd = least(s.cost_usd + coalesce((usage ->> 'costUsd')::numeric, 0), 999999),
    input_tokens = s.input_tokens + coalesce((usage ->> 'inputTokens')::bigint, 0),
    output_tokens = s.output_tokens + coalesce((usage ->> 'outputTokens')::bigint, 0)
    where s.id = step_id and usage <> '{}'
$$;

-- Settles an attempt that failed: the step waits and is tried again, or it has failed. Gives its new status; null if it
-- has moved on.
create or replace function fairlead.fail_step(
  step_id text, seen_version integer, kind text, message text, code integer default null, left_outputs jsonb default '{}',
  usage jsonb default '{}'
) returns text language plpgsql as $$
declare
  step fairlead.steps;
begin
  select s.* into step from fairlead.steps s where s.id = step_id and s.version = seen_version for update;
  if not found then
    return null;
  end if;
  perform fairlead.charge_step(step_id, usage);
  if step.failures < (step.spec ->> 'retries')::integer and kind not in ('rejected', 'stage', 'cancelled') then
    update fairlead.steps s set status = 'waiting', failures = s.failures + 1, failure_kind = kind,
      failure_message = message, exit_code = code, waits_for = '{"for": "retry"}',
      waits_until = clock_timestamp() + make_interval(secs => least(86400, (s.spec ->> 'retry_delay_sec')::float8
        * (s.spec ->> 'retry_backoff')::float8 ^ s.failures))
      where s.id = step.id;
    return 'waiting';
  end if;
  update fairlead.steps s set status = 'failed', failures = s.failures + 1, failure_kind = kind,
    failure_message = message, exit_code = code, outputs = left_outputs where s.id = step.id;
  return 'failed';
end $$;

-- The time that a step waited for has come.
create or replace function fairlead.wake_step(step_id text, seen_version integer) returns text language plpgsql as $$
declare
  step fairlead.steps;
  kind text;
begin
  select s.* into step from fairlead.steps s
    where s.id = step_id and s.version = seen_version and s.status = 'waiting' for update;
  kind := step.waits_for ->> 'for';
  if step.waits_until > clock_timestamp() + interval '1 second' then
    perform fairlead.enqueue_due(step.id, step.version, step.waits_until);
    return null;
  elsif kind in ('retry', 'limit') then
    update fairlead.steps s set status = 'pending' where s.id = step.id;
  elsif kind = 'time' then
    update fairlead.steps s set status = 'succeeded' where s.id = step.id;
  elsif kind = 'plan' then
    update fairlead.steps s set task = 'stop_step', failure_kind = 'timeout',
      failure_message = format('stopped after %s s, its time limit', s.spec ->> 'timeout_sec') where s.id = step.id;
  elsif kind is not null then
    perform fairlead.fail_step(step.id, step.version, 'timeout', 'nobody answered in time');
  end if;
  return kind;
end $$;

-- A step whose processes are gone.
create or replace function fairlead.stopped_step(step_id text, seen_version integer) returns boolean language plpgsql as $$
begin
  update fairlead.steps s set status = case when s.again then 'pending' else 'cancelled' end
    where s.id = step_id and s.version = seen_version and s.status = 'running' and s.task = 'stop_step';
  return found;
end $$;

-- Lets a step wait for the run of another plan, which begins with it.
create or replace function fairlead.start_subrun(
  step_id text, seen_version integer, named text, given jsonb, deadline timestamptz
) returns text language plpgsql as $$
declare
  step fairlead.steps;
  parent fairlead.runs;
  child constant text := fairlead.ulid();
begin
  select s.* into step from fairlead.steps s where s.id = step_id and s.version = seen_version for update;
  if not found then
    return null;
  end if;
  select r.* into parent from fairlead.runs r where r.id = step.run_id;
  if parent.depth >= 5 then
    raise exception 'plans call plans more than 5 deep here' using errcode = 'FL004',
      hint = 'Look whether one of them calls itself.';
  end if;
  update fairlead.steps s set status = 'waiting', waits_until = deadline,
    waits_for = jsonb_build_object('for', 'plan', 'plan', named, 'run', child) where s.id = step.id;
  if not exists (select from fairlead.steps s where s.id = step.id and s.status = 'waiting') then
    return null; -- its run is ending
  end if;
  insert into fairlead.runs (id, plan_id, variables, folder, agent, change_id, parent_step_id, depth, environment_id, started_by)
    values (child, named, given, parent.folder, parent.agent, parent.change_id, step.id, parent.depth + 1,
      parent.environment_id, parent.started_by);
  return child;
end $$;
