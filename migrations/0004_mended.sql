-- 0001, 0002 and 0003 were changed after databases had applied them. Whatever a database lacks of their last texts, it
-- gets here; one that has it all stays as it is. Since then a migration's checksum is kept, and a changed one is refused.

-- Functions of earlier commits that nothing calls any more, or that stand beside a later one of the same name and make each
-- call of it ambiguous, or that can't be replaced because they name or return something else. (Triggers that call them, and
-- those that are still in use, are made anew with the definitions.)
drop function if exists fairlead.admit_change(fairlead.change_requests);
drop function if exists fairlead.admit_new_change() cascade;
drop function if exists fairlead.answer_step(text, text, text, text, text);
drop function if exists fairlead.change_seen(text, integer);
drop function if exists fairlead.fit_places(text, integer);
drop function if exists fairlead.free_ports(fairlead.settings);
drop function if exists fairlead.keep_change(fairlead.change_requests, fairlead.change_requests);
drop function if exists fairlead.left_to_reconcile();
drop function if exists fairlead.retry_run(text, text, integer);

-- 0001. What the definitions replace in a moment has to be there already for the constraint below.
create or replace function fairlead.says_something(words text) returns boolean language sql immutable as $$
  select words ~ '[^\s\u00AD\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]'
$$;
alter table fairlead.change_requests
  drop constraint change_requests_request_text_check,
  add constraint change_requests_request_text_check
    check (length(request_text) <= 10000 and fairlead.says_something(request_text)) not valid,
  drop constraint if exists change_requests_idempotency_key_key;
do $$
begin
  alter table fairlead.change_requests validate constraint change_requests_request_text_check;
exception when check_violation then
  raise notice 'a change from before this rule says nothing; it stays';
end $$;
create unique index if not exists changes_idempotency_key on fairlead.change_requests (idempotency_key)
  where idempotency_key is not null;
drop index if exists fairlead.changes_due, fairlead.environments_due;
drop index fairlead.changes_active;
create index changes_active on fairlead.change_requests (workspace) where finished_at is null;
-- Room for the changes that were active before there was any: they hold it, also beyond the limits.
insert into fairlead.places (scope, number, change_id)
  select '', row_number() over (order by c.started_at, c.id), c.id from fairlead.change_requests c
    where c.finished_at is null and c.status <> 'pending'
      and not exists (select from fairlead.places p where p.change_id is not null)
  union all
  select c.workspace, row_number() over (partition by c.workspace order by c.started_at, c.id), c.id
    from fairlead.change_requests c
    where c.finished_at is null and c.status <> 'pending'
      and not exists (select from fairlead.places p where p.change_id is not null)
  on conflict (scope, number) do update set change_id = excluded.change_id where fairlead.places.change_id is null;
insert into fairlead.places (scope, number)
  select w.name, n from fairlead.workspaces w, generate_series(1, w.max_active_changes) n on conflict do nothing;

-- 0002
alter table fairlead.settings add column if not exists minutely_at timestamptz not null default '-infinity';

-- 0003
alter table fairlead.plans
  alter column registered_at drop not null,
  alter column registered_at drop default,
  add column if not exists built_in boolean not null default false;
-- Those that came with Fairlead before that column did: else they would count as a person's own, and stay for ever.
update fairlead.plans set built_in = true where hash in (
  'a80ad14e377803bb7c29921888ba7c1894ab5fd6a8ecfe70638d7d02b62cb08f',
  '5b32673a634a804c20ed80e3232eafac6f63b953625c4568f097f2a5b9cfe913',
  '2c6c4c3740fff6ed14834354b81305c69716730f1599618e8fee8105fd7f3976');
alter table fairlead.runs
  add column if not exists decided_by text check (length(decided_by) <= 200),
  add column if not exists at_once boolean not null default false,
  add column if not exists passed_over jsonb not null default '{}';
alter table fairlead.steps add column if not exists staged integer not null default 0;
alter table fairlead.step_attempts
  drop constraint step_attempts_status_check,
  add constraint step_attempts_status_check
    check (status in ('running', 'waiting', 'succeeded', 'failed', 'cancelled'));
alter table fairlead.log_chunks
  drop constraint if exists log_chunks_check1,
  add constraint log_chunks_check1 check (num_nonnulls(change_id, run_id) > 0);
