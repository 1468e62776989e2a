-- What Fairlead has to remember so that a crash leaves nothing behind and a lost environment costs a minute.

alter table fairlead.change_requests
  -- Until its agent's usage limit resets; null when it doesn't wait for that.
  add column waits_until timestamptz,
  -- How often this round's agent has been started again after a usage limit: each start has a name of its own.
  add column continuations integer not null default 0,
  -- How many environments it has lost since a person last had a word in it; after two it fails.
  add column lost_environments integer not null default 0;

-- When the tasks of each minute were enqueued last.
alter table fairlead.settings add column minutely_at timestamptz not null default '-infinity';

-- Everything in the world that has to be cleaned up: written down before it is made, and crossed out when a look at the
-- machine or the remote has found it gone. `kept` is what stays on purpose, and `note` says why.
create table fairlead.resources (
  environment_id text not null references fairlead.environments (id) on delete cascade,
  kind text not null check (kind in ('environment', 'worktree', 'process', 'port', 'branch')),
  name text not null,
  change_id text not null,
  state text not null default 'intended' check (state in ('intended', 'present', 'gone', 'kept')),
  intended_at timestamptz not null default clock_timestamp(),
  present_at timestamptz,
  gone_at timestamptz,
  note text,
  primary key (environment_id, kind, name)
);
create index resources_there on fairlead.resources (change_id) where state in ('intended', 'present');

-- Which credentials of coding agents (their accounts) are used up, and until when.
create table fairlead.usage_limits (
  credential text primary key,
  resets_at timestamptz not null,
  noted_at timestamptz not null default clock_timestamp()
);

-- The files of `migrations/definitions` as they were last applied.
create table fairlead.definitions (
  only_row boolean primary key default true check (only_row),
  hash text not null
);

-- 0.1.0 made these in migrations that are definitions now: its databases have them already, new ones have not.
create index if not exists changes_waiting on fairlead.change_requests (moved_at) where status in ('deployed', 'failed');
insert into fairlead.places (scope, number)
  select '', n from fairlead.settings, generate_series(1, max_active_changes) n on conflict do nothing;
