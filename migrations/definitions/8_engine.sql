-- Runs of plans. A step that settles starts the steps that have become ready by it, in the same transaction and under its run's
-- lock, so of two concurrent ones the second sees what the first has done. A transaction locks a step first and its run next,
-- never the other way round: with the run's lock held, steps that other transactions have locked are skipped, and those
-- transactions see the outcome when they get the run's lock.

create or replace function fairlead.is_settled(status text) returns boolean language sql immutable
begin atomic
  select status in ('succeeded', 'failed', 'skipped', 'cancelled');
end;

-- The expression of the index steps_place: joined by it, a step is looked up by its run and position whatever the planner knows.
create or replace function fairlead.place(run_id text, "position" integer) returns text language sql immutable
begin atomic
  select run_id || '/' || "position"::text;
end;

-- Whether every dependency has the outcome that the step asks for. Where its `when` says nothing of one, that has to
-- have succeeded, or may have failed if it says of itself that the others go on.
create or replace function fairlead.may_begin(step fairlead.steps) returns boolean language plpgsql stable as $$
begin
  return not exists (
    select from unnest(step.needs) n(position)
      join fairlead.steps d on fairlead.place(d.run_id, d.position) = fairlead.place(step.run_id, n.position)
    where not case
      when step.spec -> 'when' ? d.key then step.spec -> 'when' -> d.key ?| array['finished',
        case d.status when 'cancelled' then 'failed' else d.status end]
      else d.status = 'succeeded'
        or (d.status in ('failed', 'cancelled') and d.spec ->> 'on_failure' = 'continue')
    end);
end $$;

-- All that depends on these, directly or not, and they themselves.
create or replace function fairlead.steps_after(in_run text, positions integer[]) returns integer[]
language sql stable
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off set jit = off as $$
  with recursive after as (
    select unnest(positions) as position
    union
    select unnest(s.dependents)
    from after a join fairlead.steps s on fairlead.place(s.run_id, s.position) = fairlead.place(in_run, a.position)
  )
  select coalesce(array_agg(a.position order by a.position), '{}') from after a
$$;

-- Counts again how many unsettled steps these wait for. (Other steps are not touched: a transaction that settles one of them may
-- be waiting for the run.)
create or replace function fairlead.count_unmet(in_run text, positions integer[]) returns void language sql
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off set jit = off as $$
  update fairlead.steps s
    set unmet = (select count(*)
      from unnest(s.needs) n(position)
        join fairlead.steps d on fairlead.place(d.run_id, d.position) = fairlead.place(in_run, n.position)
      where not fairlead.is_settled(d.status))
    where s.run_id = in_run and s.position = any (positions) and (s.status = 'pending' or s.again)
$$;

-- Continues a run after steps have settled: skips steps that can't start any more, each once, starts ready steps up to
-- `max_concurrency`, and ends the run when no step is left. `looked_at`: steps that are pending again. The caller has locked the
-- run and updated its counters. (Each step is looked up by its place, with a plan that is made once: a chain of skipped steps takes a
-- round each.)
create or replace function fairlead.advance_run(in_run text, settled integer[], looked_at integer[] default '{}')
returns void language plpgsql
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off set plan_cache_mode = force_generic_plan
set jit = off as $$
declare
  run fairlead.runs;
  done integer[] := settled;
  skipped integer := 0;
  free_slots integer;
begin
  perform set_config('fairlead.advancing', in_run, true); -- the triggers on steps do nothing for the updates below
  if cardinality(looked_at) > 0 then
    with stuck as (
      update fairlead.steps s set status = 'skipped'
        where s.run_id = in_run and s.position = any (looked_at) and s.status = 'pending' and s.unmet = 0
          and not fairlead.may_begin(s) returning s.position
    )
    select done || coalesce(array_agg(position), '{}'), count(*) into done, skipped from stuck;
  end if;
  while cardinality(done) > 0 loop
    with less as (
      select d.position, count(*)::integer as n
      from unnest(done) o(position)
        join fairlead.steps s on fairlead.place(s.run_id, s.position) = fairlead.place(in_run, o.position),
        unnest(s.dependents) d(position)
      group by d.position
    ), lowered as (
      update fairlead.steps s
        set unmet = s.unmet - less.n, status = case
          when s.status = 'pending' and s.unmet = less.n and not fairlead.may_begin(s) then 'skipped' else s.status end
        from less
          join fairlead.steps was on fairlead.place(was.run_id, was.position) = fairlead.place(in_run, less.position)
        where s.id = was.id and (s.status = 'pending' or s.again)
        returning s.position, s.status <> was.status as moved
    )
    select coalesce(array_agg(l.position) filter (where l.moved), '{}') into done from lowered l;
    skipped := skipped + cardinality(done);
  end loop;
  -- Update `unfinished` once, after the loop: each UPDATE of the row in this transaction leaves a dead version that later lookups
  -- must skip.
  if skipped > 0 then
    update fairlead.runs r set unfinished = r.unfinished - skipped where r.id = in_run;
  end if;

  select r.* into run from fairlead.runs r where r.id = in_run;
  if run.unfinished > 0 then
    select run.max_concurrency - count(*) into free_slots from fairlead.steps s
      where s.run_id = in_run and s.status = 'running';
    if free_slots > 0 then
      update fairlead.steps s set status = 'running'
        where s.run_id = in_run and s.position in (
          select r.position from fairlead.steps r
          where r.run_id = in_run and r.status = 'pending' and r.unmet = 0 order by r.position limit free_slots);
    end if;
  else
    perform fairlead.end_run(run);
  end if;
  perform set_config('fairlead.advancing', '', true);
end $$;

-- Ends a run whose steps have all settled. It fails if a critical step has failed, and says which did first. (One that
-- was cancelled while the run was not being ended has failed as well.)
create or replace function fairlead.end_run(run fairlead.runs) returns void language plpgsql as $$
declare
  failed fairlead.steps;
begin
  if run.ending is distinct from 'cancelled' then
    select s.* into failed from fairlead.steps s
      where s.run_id = run.id and s.status in ('failed', 'cancelled') and (s.spec ->> 'critical')::boolean
      order by s.status = 'failed' desc, s.finished_at, s.position limit 1;
  end if;
  if failed.id is null then
    update fairlead.runs r set status = coalesce(r.ending, 'succeeded') where r.id = run.id;
  else
    update fairlead.runs r set status = 'failed', failure_kind = 'step', failed_step = failed.key,
      failure_message = format('step %s: %s', failed.key, failed.failure_message) where r.id = run.id;
  end if;
end $$;

-- Lets a run come to its end before its time: what has not begun never will, what runs is stopped, what waits gives up.
-- Steps that are there for failures are spared, unless `all_of_them`. The caller has locked the run, and counted what
-- has `settled` just now.
create or replace function fairlead.wind_up(
  in_run text, all_of_them boolean, unbegun text, settled integer[] default '{}'
) returns void language plpgsql as $$
declare
  also_settled integer[];
begin
  perform set_config('fairlead.advancing', in_run, true);
  with unbegun_ones as (
    update fairlead.steps s set status = unbegun
      where s.run_id = in_run and s.status = 'pending' and (all_of_them or not s.handles_failure) returning s.position
  ), waiting_ones as (
    update fairlead.steps s set status = 'cancelled'
      where s.id in (select w.id from fairlead.steps w
        where w.run_id = in_run and w.status = 'waiting' and (all_of_them or not w.handles_failure)
          and w.waits_for ->> 'for' <> 'plan' for update skip locked)
      returning s.position
  )
  select coalesce(array_agg(position), '{}') into also_settled
    from (select position from unbegun_ones union all select position from waiting_ones) both_kinds;
  update fairlead.steps s set task = 'stop_step'
    where s.id in (select r.id from fairlead.steps r
      where r.run_id = in_run and (all_of_them or not r.handles_failure) and (
        (r.status = 'running' and r.task = 'run_step')
        or (r.status = 'waiting' and r.waits_for ->> 'for' = 'plan' and r.task is distinct from 'stop_step'))
      for update skip locked);
  update fairlead.runs r set unfinished = r.unfinished - cardinality(also_settled) where r.id = in_run;
  perform fairlead.advance_run(in_run, settled || also_settled);
  -- Another transaction had locked one of them, and may end without having settled it.
  if exists (select from fairlead.steps s where s.run_id = in_run and s.status in ('running', 'waiting')
    and s.task is distinct from 'stop_step' and (all_of_them or not s.handles_failure)) then
    perform fairlead.look_again();
  end if;
end $$;

-- Sends a run back to these steps, for a round with what was found wrong in the last: they begin anew. What of them is
-- just running is stopped first, and what is just being settled comes back when it has been. The caller has locked the run.
create or replace function fairlead.begin_again(in_run text, positions integer[], in_round integer, told jsonb)
returns void language plpgsql as $$
declare
  brought_back integer;
  held integer[];
begin
  perform set_config('fairlead.advancing', in_run, true);
  select coalesce(array_agg(h.position), '{}') into held from (
    select r.position from fairlead.steps r
    where r.run_id = in_run and r.position = any (positions) and r.status in ('running', 'waiting') for update skip locked) h;
  update fairlead.runs r set passed_over = r.passed_over - positions::text[] || (
      select coalesce(jsonb_object_agg(s.position, jsonb_build_object('round', in_round, 'feedback', told)), '{}')
      from fairlead.steps s where s.run_id = in_run and s.position = any (positions)
        and s.status in ('running', 'waiting') and s.position <> all (held))
    where r.id = in_run;
  update fairlead.steps s set again = true, task = 'stop_step', round = in_round, feedback = told
    where s.run_id = in_run and s.position = any (held) and s.task is distinct from 'stop_step'
      and (s.status = 'running' or s.waits_for ->> 'for' = 'plan');
  update fairlead.steps s set again = true, round = in_round, feedback = told
    where s.run_id = in_run and s.position = any (held) and s.task = 'stop_step' and not s.again;
  update fairlead.steps s set status = 'pending', failures = 0, round = in_round, feedback = told
    where s.run_id = in_run and s.position = any (held) and s.status = 'waiting' and s.waits_for ->> 'for' <> 'plan';
  update fairlead.steps s set round = in_round, feedback = told
    where s.run_id = in_run and s.position = any (positions) and s.status = 'pending';
  with back as (
    update fairlead.steps s set status = 'pending', failures = 0, outputs = '{}', round = in_round, feedback = told
      where s.run_id = in_run and s.position = any (positions) and fairlead.is_settled(s.status) returning s.position
  )
  select count(*) into brought_back from back;
  perform fairlead.count_unmet(in_run, positions);
  update fairlead.runs r set unfinished = r.unfinished + brought_back where r.id = in_run;
  perform set_config('fairlead.advancing', '', true);
end $$;

-- A step that was passed over then has been settled now, or waits: it begins anew.
create or replace function fairlead.bring_back(step fairlead.steps, anew jsonb) returns void language plpgsql as $$
begin
  perform set_config('fairlead.advancing', step.run_id, true);
  update fairlead.runs r set passed_over = r.passed_over - step.position::text where r.id = step.run_id;
  update fairlead.steps s set status = 'pending', failures = 0, outputs = '{}', round = (anew ->> 'round')::integer,
    feedback = nullif(anew -> 'feedback', 'null') where s.id = step.id and s.status <> 'pending';
  perform fairlead.count_unmet(step.run_id, array[step.position]);
  perform fairlead.advance_run(step.run_id, '{}', array[step.position]);
end $$;

-- A review that is not content sends its run back, as long as there are rounds left. False: it has failed for good.
create or replace function fairlead.send_back(review fairlead.steps) returns boolean language plpgsql as $$
declare
  loop_back constant jsonb := review.spec -> 'on_reject';
  begins_at integer;
begin
  if review.failure_kind is distinct from 'rejected' or jsonb_typeof(loop_back) is distinct from 'object'
    or review.round >= (loop_back ->> 'max_rounds')::integer then
    return false;
  end if;
  select s.position into begins_at from fairlead.steps s
    where s.run_id = review.run_id and s.key = loop_back ->> 'restart_from';
  -- The caller has not counted the review as settled, and it is brought back with the others.
  update fairlead.runs r set unfinished = r.unfinished - 1 where r.id = review.run_id;
  perform fairlead.begin_again(review.run_id, fairlead.steps_after(review.run_id, array[begins_at]), review.round + 1,
    jsonb_build_object('step', review.key, 'round', review.round, 'findings', review.outputs -> 'findings'));
  perform fairlead.advance_run(review.run_id, '{}', array[begins_at]);
  return true;
end $$;

-- THE engine: what follows from the move of a step.
create or replace function fairlead.follow_step() returns trigger language plpgsql as $$
declare
  run fairlead.runs;
  may_go_on boolean;
  anew jsonb;
begin
  if current_setting('fairlead.advancing', true) = new.run_id then
    return null;
  end if;
  select r.* into run from fairlead.runs r where r.id = new.run_id for update;
  may_go_on := run.status = 'running' and (run.ending is null or (new.handles_failure and not run.at_once));
  anew := coalesce(run.passed_over -> new.position::text,
    case when new.again then jsonb_build_object('round', new.round, 'feedback', new.feedback) end);
  if anew is not null and may_go_on then
    perform fairlead.bring_back(new, anew);
    return null;
  elsif new.status in ('waiting', 'pending') then
    if not may_go_on then
      update fairlead.steps set status = 'cancelled' where id = new.id;
    else
      -- It has left its place to others, or asks for one.
      perform fairlead.advance_run(run.id, '{}', case new.status when 'pending' then array[new.position] else '{}' end);
    end if;
    return null;
  elsif not fairlead.is_settled(new.status) then
    return null;
  elsif run.status <> 'running' then
    update fairlead.runs r set unfinished = greatest(r.unfinished - 1, 0) where r.id = run.id;
    return null;
  elsif new.status = 'failed' and run.ending is null and fairlead.send_back(new) then
    return null;
  end if;

  update fairlead.runs r set unfinished = r.unfinished - 1 where r.id = run.id;
  if new.status in ('failed', 'cancelled') and new.spec ->> 'on_failure' = 'abort' and run.ending is null then
    update fairlead.runs r set ending = 'failed' where r.id = run.id;
    perform fairlead.wind_up(run.id, false, 'skipped', array[new.position]);
  else
    perform fairlead.advance_run(run.id, array[new.position]);
  end if;
  return null;
end $$;

create or replace trigger follow after update of status on fairlead.steps
  for each row when (old.status <> new.status and new.status <> 'running') execute function fairlead.follow_step();
