-- What changes in real repositories need.

alter table fairlead.change_requests
  -- What a person should know of it besides its status: [{"code", "text", "at"}], oldest first.
  add column notices jsonb not null default '[]' check (jsonb_typeof(notices) = 'array'),
  -- While it is failed: the task that it was waiting for when it failed.
  add column failed_task text,
  drop constraint change_requests_failure_kind_check,
  add constraint change_requests_failure_kind_check check (failure_kind in
    ('timeout', 'environment', 'agent', 'no_changes', 'preview', 'conflict', 'rewritten', 'merge', 'cancelled', 'internal'));

-- Hosts besides its own that a workspace's repository may send git to, for submodules and for LFS.
alter table fairlead.workspaces add column hosts text[] not null default '{}' check (array_position(hosts, null) is null);

-- Replaced by functions with other arguments.
drop function if exists fairlead.tell_of_wait(fairlead.change_requests);
drop function if exists fairlead.lose_environment(text, integer, text);
