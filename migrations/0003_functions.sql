-- What a person says to Fairlead, as functions: for psql, and the very same for the API and the command line.
-- Each is one statement for its caller, checks its arguments, and returns the change as it then stands.
-- `seen_version` binds a word to what its speaker saw: FL002 if the change has moved on since.

create function fairlead.request_change(
  workspace text, request_text text, target_branch text default null, agent text default null,
  requester_id text default null, requester_name text default null, source text default 'sql',
  idempotency_key text default null, id text default null
) returns fairlead.change_requests language plpgsql as $$
#variable_conflict use_variable
declare
  made fairlead.change_requests;
begin
  select c.* into made from fairlead.change_requests c where c.idempotency_key = request_change.idempotency_key;
  if not found then
    begin
      insert into fairlead.change_requests as c
        (id, workspace, request_text, target_branch, agent, requester_id, requester_name, source, idempotency_key)
        values (coalesce(id, fairlead.ulid()), workspace, request_text, target_branch, agent, requester_id,
          requester_name, source, idempotency_key)
        returning c.id into id;
      -- Read again: it may have been let in already.
      select c.* into made from fairlead.change_requests c where c.id = request_change.id;
    exception when unique_violation then
      -- Somebody else used the key at the same moment. (on conflict would leave the trigger's event behind.)
      select c.* into strict made from fairlead.change_requests c
        where c.idempotency_key = request_change.idempotency_key;
    end;
  end if;
  if made.workspace <> workspace or made.request_text <> request_text then
    raise exception 'the idempotency key % was used for another request: %', idempotency_key, made.id
      using errcode = 'FL004', hint = 'Use a new key for a new request.';
  end if;
  return made;
end $$;

-- The change with this id, locked until the transaction ends, if it is as its speaker saw it and not yet what they want
-- it to become: a word that was said already is not heard again.
create function fairlead.change_seen(change_id text, seen_version integer, becoming text default null)
returns fairlead.change_requests language plpgsql as $$
declare
  found_change fairlead.change_requests;
begin
  select c.* into found_change from fairlead.change_requests c where c.id = change_id for update;
  if not found then
    raise exception 'there is no change %', quote_literal(change_id) using errcode = 'FL003',
      hint = 'select id, request from fairlead.change_board lists them.';
  elsif found_change.version <> seen_version then
    raise exception 'change % has moved on: you saw version %, it is at %, %', change_id, seen_version,
      found_change.version, found_change.status using errcode = 'FL002', detail = found_change.status,
      hint = 'Look at it again, then decide.';
  elsif found_change.status = becoming then
    raise exception 'change % is % already', change_id, becoming using errcode = 'FL001',
      detail = found_change.status, hint = (select 'From ' || s.status || ' it can become: ' ||
        array_to_string(s.moves, ', ') || '.' from fairlead.statuses s
        where s.entity = 'change' and s.status = becoming and cardinality(s.moves) > 0);
  end if;
  return found_change;
end $$;

create function fairlead.approve_change(
  change_id text, decided_by text default null, note text default null, seen_version integer default null
) returns fairlead.change_requests language plpgsql as $$
#variable_conflict use_variable
declare
  change fairlead.change_requests := fairlead.change_seen(change_id, seen_version, 'approved');
begin
  update fairlead.change_requests c
    set status = 'approved', decided_by = coalesce(decided_by, session_user), decision_note = note
    where c.id = change.id;
  return fairlead.change_seen(change_id, null);
end $$;

create function fairlead.reject_change(
  change_id text, decided_by text default null, note text default null, seen_version integer default null
) returns fairlead.change_requests language plpgsql as $$
#variable_conflict use_variable
declare
  change fairlead.change_requests := fairlead.change_seen(change_id, seen_version, 'rejected');
begin
  update fairlead.change_requests c
    set status = 'rejected', decided_by = coalesce(decided_by, session_user), decision_note = note
    where c.id = change.id;
  return fairlead.change_seen(change_id, null);
end $$;

create function fairlead.are_comments(comments jsonb) returns boolean language plpgsql immutable as $$
begin
  return jsonb_typeof(comments) = 'array' and not exists (select from jsonb_array_elements(comments) c
    where jsonb_typeof(c) <> 'object' or jsonb_typeof(c -> 'text') is distinct from 'string'
      or coalesce(jsonb_typeof(c -> 'file'), 'null') not in ('string', 'null')
      or coalesce(jsonb_typeof(c -> 'line'), 'null') not in ('number', 'null'));
end $$;

-- `comments`: [{"file": "src/app.js", "line": 12, "text": "…"}, …]; file and line may be left out.
create function fairlead.request_changes(
  change_id text, request_text text, decided_by text default null, comments jsonb default '[]',
  seen_version integer default null
) returns fairlead.change_requests language plpgsql as $$
#variable_conflict use_variable
declare
  change fairlead.change_requests := fairlead.change_seen(change_id, seen_version, 'implementing');
begin
  comments := coalesce(comments, '[]');
  if not fairlead.are_comments(comments) then
    raise exception 'comments are a list of {"file": text, "line": number, "text": text}; file and line may be left out'
      using errcode = 'FL004';
  elsif not fairlead.says_something(coalesce(request_text, '')) and jsonb_array_length(comments) = 0 then
    raise exception 'say what to change, in words or as comments' using errcode = 'FL004';
  elsif length(request_text) > 10000 or length(comments::text) > 100000 then
    raise exception 'that is too long: 10000 characters of text and 100000 of comments are allowed'
      using errcode = 'FL004';
  end if;
  update fairlead.change_requests c
    set status = 'implementing', decided_by = coalesce(decided_by, session_user), decision_note = request_text,
      feedback = jsonb_build_object('round', c.round + 1, 'text', coalesce(request_text, ''),
        'comments', (select coalesce(jsonb_agg(jsonb_build_object('file', c -> 'file', 'line', c -> 'line', 'text', c -> 'text')),
          '[]') from jsonb_array_elements(comments) c))
    where c.id = change.id;
  return fairlead.change_seen(change_id, null);
end $$;

create function fairlead.cancel_change(
  change_id text, decided_by text default null, note text default null, seen_version integer default null
) returns fairlead.change_requests language plpgsql as $$
#variable_conflict use_variable
declare
  change fairlead.change_requests := fairlead.change_seen(change_id, seen_version, 'failed');
  who text := coalesce(decided_by, session_user);
begin
  update fairlead.change_requests c
    set status = 'failed', failure_kind = 'cancelled', decided_by = who, decision_note = note,
      failure_message = 'cancelled by ' || who || coalesce(': ' || note, '')
    where c.id = change.id;
  return fairlead.change_seen(change_id, null);
end $$;

create function fairlead.retry_change(
  change_id text, decided_by text default null, seen_version integer default null
) returns fairlead.change_requests language plpgsql as $$
#variable_conflict use_variable
declare
  change fairlead.change_requests := fairlead.change_seen(change_id, seen_version, 'pending');
begin
  update fairlead.change_requests c set status = 'pending' where c.id = change.id;
  return fairlead.change_seen(change_id, null);
end $$;

-- Repairs what must never be, and says how often it had to: an entity that waits for a task gets its job, one whose
-- job has used up its attempts fails, room that nobody holds is freed, and the waiting rooms are looked into.
create function fairlead.reconcile() returns table (enqueued integer, given_up integer) language plpgsql as $$
declare
  waiting record;
begin
  enqueued := 0;
  given_up := 0;
  for waiting in
    select c.id, c.version from fairlead.change_requests c
      where c.finished_at is null and c.status <> 'pending' and c.task is not null
        and not exists (select from graphile_worker.jobs j where j.key = c.id)
    union all
    select e.id, e.version from fairlead.environments e where e.status <> 'terminated' and e.task is not null
        and not exists (select from graphile_worker.jobs j where j.key = e.id)
    order by 1
  loop
    if fairlead.enqueue_due(waiting.id, waiting.version) then
      enqueued := enqueued + 1;
    end if;
  end loop;
  for waiting in
    select c.id, c.version, j.last_error from fairlead.change_requests c join graphile_worker.jobs j on j.key = c.id
      where c.finished_at is null and c.task is not null and j.attempts >= j.max_attempts and j.locked_at is null
      order by c.id
  loop
    update fairlead.change_requests set status = 'failed', failure_kind = 'internal',
      failure_message = 'gave up after too many errors; the last was: ' || coalesce(left(waiting.last_error, 1000), '?')
      where id = waiting.id and version = waiting.version;
    given_up := given_up + 1;
  end loop;
  -- A clean-up never gives up: what it guards may be work that is nowhere else.
  for waiting in
    select e.id, e.version from fairlead.environments e join graphile_worker.jobs j on j.key = e.id
      where e.status <> 'terminated' and e.task is not null and j.attempts >= j.max_attempts and j.locked_at is null
      order by e.id
  loop
    if fairlead.enqueue_due(waiting.id, waiting.version) then
      enqueued := enqueued + 1;
    end if;
  end loop;
  update fairlead.places p set change_id = null where p.change_id is not null and not exists (
    select from fairlead.change_requests c
    where c.id = p.change_id and c.finished_at is null and c.status <> 'pending');
  perform fairlead.admit_changes();
  perform fairlead.admit_merge(a.repository_url, a.target_branch) from (
    select distinct repository_url, target_branch from fairlead.change_requests where status = 'approved' order by 1, 2) a;
  return next;
end $$;

-- Every change with what it is waiting for, newest first.
create view fairlead.change_board as
select c.id, c.workspace, left(regexp_replace(c.request_text, '\s+', ' ', 'g'), 80) as request, c.status,
  case c.status
    when 'pending' then case when a.cleaning then 'the clean-up of its last environment'
      else format('room: %s of %s places are taken%s', a.everywhere, s.max_active_changes,
        case when a.here >= w.max_active_changes
          then format(', %s of %s of %s', a.here, w.max_active_changes, w.name) else '' end) end
    when 'provisioning' then 'its environment'
    when 'implementing' then case c.task when 'preview' then 'its preview' else 'the agent' end
    when 'deployed' then 'a person: approve, reject or request changes'
    when 'approved' then format('its turn to merge into %s', c.target_branch)
    when 'merging' then 'the merge'
    when 'failed' then 'nobody; it can be retried'
  end as waiting_for,
  c.version, c.round, c.agent, c.branch_name, c.target_branch, c.preview_url, c.failure_kind, c.failure_message,
  c.merge_commit_sha, c.cost_usd, c.requester_name, c.decided_by, c.created_at, c.moved_at,
  date_trunc('second', now() - c.moved_at) as in_status_for
from fairlead.change_requests c
join fairlead.workspaces w on w.name = c.workspace
cross join fairlead.settings s
left join lateral (
  select count(*) filter (where p.scope = '') as everywhere, count(*) filter (where p.scope = c.workspace) as here,
    exists (select from fairlead.environments e where e.change_id = c.id and e.status <> 'terminated') as cleaning
  from fairlead.places p
  where c.status = 'pending' and p.scope in ('', c.workspace) and p.change_id is not null
) a on true
order by c.id desc;

-- What only a person can carry on, longest waiting first.
create view fairlead.waiting_on_people as
select c.id, c.workspace, left(regexp_replace(c.request_text, '\s+', ' ', 'g'), 80) as request,
  case c.status when 'deployed' then 'approve, reject or request changes' else 'retry, or leave it' end as asked_for,
  c.preview_url, c.failure_kind, c.failure_message, c.version, c.moved_at as since,
  date_trunc('second', now() - c.moved_at) as waiting
from fairlead.change_requests c
where c.status = 'deployed' or (c.status = 'failed' and c.failure_kind <> 'cancelled')
order by c.moved_at;

-- The environments that are there, and whose they are.
create view fairlead.environment_board as
select e.id, e.workspace, e.provider, e.status, e.change_id, c.status as change_status, c.preview_url, e.first_port,
  e.note, e.created_at, date_trunc('second', now() - e.created_at) as age,
  date_trunc('second', now() - e.last_used_at) as idle
from fairlead.environments e
left join fairlead.change_requests c on c.id = e.change_id and c.environment_id = e.id
where e.status <> 'terminated'
order by e.created_at;
create index changes_waiting on fairlead.change_requests (moved_at) where status in ('deployed', 'failed');
