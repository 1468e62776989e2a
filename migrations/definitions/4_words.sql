-- What a person says to Fairlead, as functions: for psql, and the very same for the API and the command line.
-- Each is one statement for its caller, checks its arguments, and returns the change as it then stands.
-- `seen_version` binds a word to what its speaker saw: FL002 if the change has moved on since.

create or replace function fairlead.request_change(
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
  return fairlead.as_shown(made);
end $$;

-- A change as the session may see it: without the repository's URL, which can hold a token, unless it may act in other
-- people's names.
create or replace function fairlead.as_shown(change fairlead.change_requests) returns fairlead.change_requests
language plpgsql stable as $$
begin
  if not fairlead.speaks_for_others() then
    change.repository_url := '';
  end if;
  return change;
end $$;

-- The change with this id, locked until the transaction ends, if it is as its speaker saw it and not yet what they want
-- it to become: a word that was said already is not heard again.
create or replace function fairlead.change_seen(change_id text, seen_version integer, becoming text default null)
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
      detail = found_change.status, hint = coalesce((select 'From ' || s.status || ' it can become: ' ||
        fairlead.moves_of_people(s.status, s.moves) || '.' from fairlead.statuses s
        where s.entity = 'change' and s.status = becoming and cardinality(s.moves) > 0), becoming || ' is final.');
  end if;
  return found_change;
end $$;

create or replace function fairlead.approve_change(
  change_id text, decided_by text default null, note text default null, seen_version integer default null
) returns fairlead.change_requests language plpgsql as $$
#variable_conflict use_variable
declare
  change fairlead.change_requests := fairlead.change_seen(change_id, seen_version, 'approved');
begin
  update fairlead.change_requests c
    set status = 'approved', decided_by = fairlead.speaker(decided_by), decision_note = note
    where c.id = change.id;
  return fairlead.as_shown(fairlead.change_seen(change_id, null));
end $$;

create or replace function fairlead.reject_change(
  change_id text, decided_by text default null, note text default null, seen_version integer default null
) returns fairlead.change_requests language plpgsql as $$
#variable_conflict use_variable
declare
  change fairlead.change_requests := fairlead.change_seen(change_id, seen_version, 'rejected');
begin
  update fairlead.change_requests c
    set status = 'rejected', decided_by = fairlead.speaker(decided_by), decision_note = note
    where c.id = change.id;
  return fairlead.as_shown(fairlead.change_seen(change_id, null));
end $$;

create or replace function fairlead.are_comments(comments jsonb) returns boolean language plpgsql immutable as $$
begin
  return jsonb_typeof(comments) = 'array' and not exists (select from jsonb_array_elements(comments) c
    where jsonb_typeof(c) <> 'object' or jsonb_typeof(c -> 'text') is distinct from 'string'
      or coalesce(jsonb_typeof(c -> 'file'), 'null') not in ('string', 'null')
      or coalesce(jsonb_typeof(c -> 'line'), 'null') not in ('number', 'null'));
end $$;

-- `comments`: [{"file": "src/app.js", "line": 12, "text": "…"}, …]; file and line may be left out.
create or replace function fairlead.request_changes(
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
    set status = 'implementing', decided_by = fairlead.speaker(decided_by), decision_note = request_text,
      feedback = jsonb_build_object('round', c.round + 1, 'text', coalesce(request_text, ''),
        'comments', (select coalesce(jsonb_agg(jsonb_build_object('file', c -> 'file', 'line', c -> 'line', 'text', c -> 'text')),
          '[]') from jsonb_array_elements(comments) c))
    where c.id = change.id;
  return fairlead.as_shown(fairlead.change_seen(change_id, null));
end $$;

create or replace function fairlead.cancel_change(
  change_id text, decided_by text default null, note text default null, seen_version integer default null
) returns fairlead.change_requests language plpgsql as $$
#variable_conflict use_variable
declare
  change fairlead.change_requests := fairlead.change_seen(change_id, seen_version, 'failed');
  who text := fairlead.speaker(decided_by);
begin
  update fairlead.change_requests c
    set status = 'failed', failure_kind = 'cancelled', decided_by = who, decision_note = note,
      failure_message = 'cancelled by ' || who || coalesce(': ' || note, '')
    where c.id = change.id;
  return fairlead.as_shown(fairlead.change_seen(change_id, null));
end $$;

create or replace function fairlead.retry_change(
  change_id text, decided_by text default null, seen_version integer default null
) returns fairlead.change_requests language plpgsql as $$
#variable_conflict use_variable
declare
  change fairlead.change_requests := fairlead.change_seen(change_id, seen_version, 'pending');
begin
  update fairlead.change_requests c set status = 'pending' where c.id = change.id;
  return fairlead.as_shown(fairlead.change_seen(change_id, null));
end $$;
