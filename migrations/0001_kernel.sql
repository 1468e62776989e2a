-- Fairlead carries a change that somebody asks for in plain words to a merged branch. All it knows is in this schema,
-- and Postgres is what drives it: the TypeScript tasks are its hands.
--
-- Every entity with a lifecycle (a change request, its environment) is a row with a `status`. A row's status moves by
-- an ordinary UPDATE, from wherever it comes: a task, the API, the command line, or you in psql. One trigger,
-- `fairlead.move()`, does all the rest inside that same UPDATE:
--
--   * it looks the move up in `fairlead.statuses` and refuses an illegal one, naming the legal ones;
--   * it adds one to `version`. A task carries the version it was enqueued for and settles only that version, so a
--     worker that was thought dead and wakes up, or a job that runs twice, changes nothing. A person's word can name
--     the version they saw, so that an approval of yesterday's preview does not merge today's;
--   * it stamps the times and appends one row to `fairlead.events`;
--   * it enqueues the task that the new status is waiting for, under the entity's id as the job's key, so duplicates
--     collapse. `task` on the row says which that is; null means that it waits for a person, for room, or for nothing;
--   * it notifies whoever listens on the channel `fairlead`.
--
-- What a task writes commits together with its move or not at all, and no transaction is open while an effect runs.
--
-- Two statuses are waiting rooms, and moves of other rows open their doors, in the same transaction:
--
--   * `pending` waits for room: at most `settings.max_active_changes` changes are active at once, and at most
--     `workspaces.max_active_changes` of one workspace. Room is rows in `fairlead.places`; a change that ends hands
--     its own to the oldest that waits.
--   * `approved` waits for its turn: one change at a time merges into a branch of a repository.
--     `fairlead.admit_merge()` lets the oldest in; a unique index stands behind it.
--
-- A change that ends takes its environment along to `terminating`; the task `cleanup` saves the work in it, stops its
-- processes and removes it.
--
-- Errors carry codes of their own: FL001 an illegal move, FL002 it has moved on since you looked, FL003 no such thing,
-- FL004 an argument that can't be used.

create table fairlead.statuses (
  entity text not null,
  status text not null,
  position integer not null,
  initial boolean not null,
  moves text[] not null,
  tasks text[] not null,
  primary key (entity, status)
);
comment on table fairlead.statuses is 'The lifecycles, written by `fairlead migrate` from src/domain/lifecycles.ts.';

create table fairlead.settings (
  only_row boolean primary key default true check (only_row),
  max_active_changes integer not null default 12 check (max_active_changes > 0),
  first_port integer not null default 20000 check (first_port between 1024 and 60000),
  ports_per_environment integer not null default 10 check (ports_per_environment between 1 and 100)
);
comment on table fairlead.settings is 'What the kernel itself has to know. Everything else is a variable of the server.';
insert into fairlead.settings default values;

-- A ULID: 48 bits of milliseconds and 80 of chance, in Crockford's base 32. (One bit of the chance is a UUID's fixed 0.)
-- Written out, for a loop takes six times as long.
create function fairlead.ulid() returns text language plpgsql volatile as $$
declare
  a constant text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  ms bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  chance bytea := uuid_send(gen_random_uuid());
begin
  return substr(a, (ms >> 45 & 31)::int + 1, 1) || substr(a, (ms >> 40 & 31)::int + 1, 1) ||
    substr(a, (ms >> 35 & 31)::int + 1, 1) || substr(a, (ms >> 30 & 31)::int + 1, 1) ||
    substr(a, (ms >> 25 & 31)::int + 1, 1) || substr(a, (ms >> 20 & 31)::int + 1, 1) ||
    substr(a, (ms >> 15 & 31)::int + 1, 1) || substr(a, (ms >> 10 & 31)::int + 1, 1) ||
    substr(a, (ms >> 5 & 31)::int + 1, 1) || substr(a, (ms >> 0 & 31)::int + 1, 1) ||
    substr(a, (get_byte(chance, 0) & 31) + 1, 1) || substr(a, (get_byte(chance, 1) & 31) + 1, 1) ||
    substr(a, (get_byte(chance, 2) & 31) + 1, 1) || substr(a, (get_byte(chance, 3) & 31) + 1, 1) ||
    substr(a, (get_byte(chance, 4) & 31) + 1, 1) || substr(a, (get_byte(chance, 5) & 31) + 1, 1) ||
    substr(a, (get_byte(chance, 6) & 31) + 1, 1) || substr(a, (get_byte(chance, 7) & 31) + 1, 1) ||
    substr(a, (get_byte(chance, 8) & 31) + 1, 1) || substr(a, (get_byte(chance, 9) & 31) + 1, 1) ||
    substr(a, (get_byte(chance, 10) & 31) + 1, 1) || substr(a, (get_byte(chance, 11) & 31) + 1, 1) ||
    substr(a, (get_byte(chance, 12) & 31) + 1, 1) || substr(a, (get_byte(chance, 13) & 31) + 1, 1) ||
    substr(a, (get_byte(chance, 14) & 31) + 1, 1) || substr(a, (get_byte(chance, 15) & 31) + 1, 1);
end $$;

-- Whether there is anything to see in a text: neither white space nor marks without width are.
create function fairlead.says_something(words text) returns boolean language sql immutable as $$
  select words ~ '[^\s\u00AD\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]'
$$;

create table fairlead.workspaces (
  name text primary key check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  repository_url text not null check (length(repository_url) between 1 and 2000 and repository_url !~ '^-'),
  default_branch text check (length(default_branch) between 1 and 250),
  provider text not null default 'local',
  agent text not null default 'claude',
  agent_settings jsonb not null default '{}' check (jsonb_typeof(agent_settings) = 'object'),
  blueprint jsonb not null default '{}' check (jsonb_typeof(blueprint) = 'object'),
  max_active_changes integer not null default 6 check (max_active_changes > 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index workspaces_repository on fairlead.workspaces (repository_url);

-- The room for active changes, as rows: of a workspace and, under the scope '', of all. A change holds one of each, and
-- a row can't be held twice; so the limits hold under any race, and nobody waits for anybody to count.
create table fairlead.places (
  scope text not null,
  number integer not null,
  change_id text,
  primary key (scope, number)
) with (fillfactor = 50);

create table fairlead.change_requests (
  id text primary key default fairlead.ulid() check (id ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'),
  workspace text not null references fairlead.workspaces (name) on update cascade,
  source text not null default 'sql' check (source in ('api', 'cli', 'sql', 'slack', 'web')),
  requester_id text check (length(requester_id) <= 200),
  requester_name text check (length(requester_name) <= 200),
  request_text text not null check (length(request_text) <= 10000 and fairlead.says_something(request_text)),
  status text not null default 'pending',
  task text,
  version integer not null default 1,
  environment_id text,
  -- The workspace's repository as it was when the change was asked for: merges into it go one at a time.
  repository_url text not null,
  branch_name text,
  target_branch text check (length(target_branch) between 1 and 250),
  preview_url text,
  preview_port integer check (preview_port between 1 and 65535),
  agent text not null,
  session_id text,
  round integer not null default 1 check (round > 0),
  blueprint jsonb,
  base_commit text,
  head_commit text,
  merge_commit_sha text,
  summary text,
  -- What a person asked to be changed before this round: {"text", "comments": [{"file", "line", "text"}]}.
  feedback jsonb,
  decided_by text check (length(decided_by) <= 200),
  decision_note text check (length(decision_note) <= 10000),
  decided_at timestamptz,
  failure_kind text check (failure_kind in
    ('timeout', 'environment', 'agent', 'no_changes', 'preview', 'conflict', 'merge', 'cancelled', 'internal')),
  failure_message text,
  failed_in text,
  -- During a retry, what went wrong before: {"kind", "message", "in"}; gone when the change is deployed.
  last_failure jsonb,
  cost_usd numeric(12, 6) not null default 0 check (cost_usd >= 0),
  input_tokens bigint not null default 0 check (input_tokens >= 0),
  output_tokens bigint not null default 0 check (output_tokens >= 0),
  -- What the agent's session has cost by its CLI's own count, to be subtracted when it is resumed.
  session_total jsonb,
  idempotency_key text check (length(idempotency_key) between 1 and 200),
  created_at timestamptz not null default now(),
  moved_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  moved_in xid8 not null default pg_current_xact_id(),
  check (status <> 'failed' or (failure_kind is not null and failure_message is not null and failed_in is not null)),
  check (status <> 'merged' or merge_commit_sha is not null),
  check (status not in ('approved', 'merging', 'merged', 'rejected') or decided_by is not null)
);
create unique index changes_idempotency_key on fairlead.change_requests (idempotency_key)
  where idempotency_key is not null;
-- Few rows are in these at any time, however many have finished.
create index changes_active on fairlead.change_requests (workspace) where finished_at is null;
create index changes_pending on fairlead.change_requests (created_at, id) where status = 'pending';
create index changes_approved on fairlead.change_requests (repository_url, target_branch) where status = 'approved';
create unique index one_merge_at_a_time on fairlead.change_requests (repository_url, target_branch)
  where status = 'merging';
create index changes_by_workspace on fairlead.change_requests (workspace, id desc);

create table fairlead.environments (
  id text primary key default fairlead.ulid() check (id ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'),
  workspace text not null references fairlead.workspaces (name) on update cascade,
  change_id text not null,
  provider text not null,
  repository_url text not null,
  status text not null default 'provisioning',
  task text,
  version integer not null default 1,
  first_port integer not null,
  -- What a person should know about it, such as why it can't be removed yet.
  note text,
  created_at timestamptz not null default now(),
  moved_at timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  finished_at timestamptz,
  moved_in xid8 not null default pg_current_xact_id()
);
create unique index environment_ports on fairlead.environments (first_port) where status <> 'terminated';
create index environments_by_change on fairlead.environments (change_id);
create index environments_there on fairlead.environments (created_at) where status <> 'terminated';

create table fairlead.events (
  -- Ordered by (xid, seq) and read up to the oldest running transaction, nothing is missed or seen twice. `xid` is the
  -- transaction's or, if that is later, the one of the entity's event before: so an entity's events are in order too.
  xid xid8 not null,
  seq bigint generated always as identity,
  entity text not null,
  entity_id text not null,
  change_id text,
  workspace text,
  kind text not null,
  from_status text,
  to_status text,
  version integer not null,
  actor text,
  data jsonb,
  at timestamptz not null default clock_timestamp(),
  primary key (xid, seq)
);
create index events_by_change on fairlead.events (change_id, xid, seq);

create table fairlead.log_chunks (
  seq bigint generated always as identity,
  change_id text not null,
  environment_id text not null,
  process text not null,
  stream text not null check (stream in ('stdout', 'stderr')),
  -- Bytes of the process's output file: chunks follow each other without gap or overlap.
  start_byte bigint not null check (start_byte >= 0),
  end_byte bigint not null check (end_byte > start_byte),
  text text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (environment_id, process, stream, start_byte)
);
create index log_by_change on fairlead.log_chunks (change_id, seq);

create table fairlead.api_tokens (
  id text primary key default fairlead.ulid(),
  name text not null check (length(name) between 1 and 100),
  role text not null check (role in ('read', 'request', 'review', 'admin')),
  -- SHA-256 of a token of 256 random bits; the token itself is shown once and kept nowhere.
  hash bytea not null unique check (length(hash) = 32),
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  revoked_at timestamptz
);

create table fairlead.workers (
  -- One row a worker process. It is alive as long as somebody holds the session advisory lock on its id.
  id text primary key default fairlead.ulid(),
  host text not null,
  pid integer not null,
  -- graphile-worker's ids of its pools: jobs are locked in their names.
  pools text[] not null default '{}',
  started_at timestamptz not null default now()
);
