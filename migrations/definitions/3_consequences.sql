-- What a move brings with it in other rows.

create or replace function fairlead.follow_change() returns trigger language plpgsql as $$
begin
  if new.status = 'implementing' and old.status = 'provisioning' then
    update fairlead.environments set status = 'ready' where id = new.environment_id and status = 'provisioning';
  end if;
  if new.finished_at is not null and old.status <> 'pending' then
    update fairlead.environments set status = 'terminating'
      where id = new.environment_id and status in ('provisioning', 'ready', 'failed');
    perform fairlead.make_room(new);
  end if;
  if new.status = 'pending' and old.environment_id is not null then
    update fairlead.environments set status = 'terminating'
      where id = old.environment_id and status in ('provisioning', 'ready', 'failed');
    if old.finished_at is null then
      perform fairlead.make_room(new);
    end if;
  end if;
  if new.finished_at is not null or new.status = 'pending' then
    update fairlead.runs r set status = 'cancelled', ending = 'cancelled',
      failure_message = format('change %s %s', new.id, case when new.failure_kind = 'cancelled' then 'was cancelled'
        when new.status = 'pending' then 'begins anew' else 'is ' || new.status end)
      where r.change_id = new.id and r.parent_step_id is null and r.finished_at is null;
  end if;
  if new.status = 'approved' or old.status = 'merging' then
    perform fairlead.admit_merge(new.repository_url, new.target_branch);
  end if;
  return null;
end $$;

-- Gives up the environment of a change that has lost it: its directory or a process in it is gone, though nobody ended
-- it. What is left of it is saved and cleaned up, then the change begins again in a fresh one from the pushed branch; at
-- most twice, then it fails. False if the change has moved on since.
create or replace function fairlead.lose_environment(
  change_id text, seen_version integer, why text, usage jsonb default '{}'
) returns boolean language plpgsql as $$
declare
  change fairlead.change_requests;
begin
  select c.* into change from fairlead.change_requests c where c.id = change_id and c.version = seen_version for update;
  if not found then
    return false;
  end if;
  update fairlead.change_requests c set cost_usd = least(c.cost_usd + coalesce((usage ->> 'costUsd')::numeric, 0), 999999),
    input_tokens = c.input_tokens + coalesce((usage ->> 'inputTokens')::bigint, 0),
    output_tokens = c.output_tokens + coalesce((usage ->> 'outputTokens')::bigint, 0) where c.id = change.id;
  update fairlead.environments e set status = 'failed', note = why
    where e.id = change.environment_id and e.status in ('provisioning', 'ready');
  if change.lost_environments < 2 then
    update fairlead.change_requests c set status = 'pending', lost_environments = change.lost_environments + 1,
      failure_kind = 'environment', failure_message = why where c.id = change.id;
  else
    update fairlead.change_requests c set status = 'failed', failure_kind = 'environment',
      failure_message = why || '; it is the third environment that was lost. Find out what ends processes on that machine '
        || '(memory? restarts?), then retry: it goes on from the pushed branch' where c.id = change.id;
  end if;
  return true;
end $$;

-- A retry that came while the last environment was being cleaned up has waited for this, and others for its ports.
create or replace function fairlead.follow_environment() returns trigger language plpgsql as $$
begin
  if fairlead.see_each_other(false) and exists (select from fairlead.change_requests c where c.status = 'pending') then
    perform fairlead.admit_changes();
  end if;
  return null;
end $$;

-- History may be deleted, work in progress may not; nor may a change while its clean-up still needs it.
create or replace function fairlead.refuse_delete() returns trigger language plpgsql as $$
begin
  if tg_argv[0] = 'change' and old.status in ('merged', 'rejected', 'failed')
    and not exists (select from fairlead.environments e where e.change_id = old.id and e.status <> 'terminated') then
    return old;
  end if;
  raise exception '% % is %: end it before you delete it', tg_argv[0], old.id, old.status using errcode = 'FL001',
    detail = old.status, hint = format('select fairlead.cancel_%s(…), and wait for the clean-up.',
      case when to_jsonb(old) ->> 'run_id' is not null or tg_argv[0] = 'run' then 'run' else 'change' end);
end $$;

-- TRUNCATE fires no row triggers, so it would also delete the rows that fairlead.refuse_delete() protects.
create or replace function fairlead.refuse_truncate() returns trigger language plpgsql as $$
begin
  raise exception '% can''t be truncated', tg_relid::regclass using errcode = 'FL001',
    hint = 'Delete what has ended: delete from … where finished_at is not null.';
end $$;

create or replace function fairlead.refuse_settings_delete() returns trigger language plpgsql as $$
begin
  raise exception 'the settings can be changed, not deleted' using errcode = 'FL001',
    hint = 'update fairlead.settings set max_active_changes = 12;';
end $$;

create or replace trigger keep before delete or truncate on fairlead.settings
  for each statement execute function fairlead.refuse_settings_delete();
create or replace trigger keep_all before truncate on fairlead.change_requests
  for each statement execute function fairlead.refuse_truncate();
create or replace trigger keep_all before truncate on fairlead.environments
  for each statement execute function fairlead.refuse_truncate();
create or replace trigger keep_all before truncate on fairlead.runs
  for each statement execute function fairlead.refuse_truncate();
create or replace trigger keep before delete on fairlead.change_requests
  for each row execute function fairlead.refuse_delete('change');
create or replace trigger keep before delete on fairlead.environments
  for each row when (old.status <> 'terminated') execute function fairlead.refuse_delete('environment');
create or replace trigger follow after update of status on fairlead.environments
  for each row when (new.status = 'terminated') execute function fairlead.follow_environment();
create or replace trigger admit after insert on fairlead.change_requests
  for each row execute function fairlead.admit_or_wait();
create or replace trigger admit_again after update of status on fairlead.change_requests
  for each row when (old.status <> 'pending' and new.status = 'pending') execute function fairlead.admit_or_wait();
create or replace trigger follow after update of status on fairlead.change_requests
  for each row when (old.status <> new.status and new.status in
    ('pending', 'implementing', 'approved', 'merged', 'rejected', 'failed')) execute function fairlead.follow_change();
