-- Plans, and what runs them. A plan is a checked JSON document; a run is one execution of it; its steps are rows, each
-- with a status under the kernel. There is no scheduler: the UPDATE that settles a step finds and starts, in the same
-- transaction, whatever has become ready by it (`fairlead.advance_run()`).

create table fairlead.plans (
  plan_id text not null check (plan_id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  -- SHA-256 of the document: a plan that is changed is a new row, and its runs keep the one that they began with.
  hash text not null check (hash ~ '^[0-9a-f]{64}$'),
  version text not null check (length(version) between 1 and 100),
  document jsonb not null check (jsonb_typeof(document -> 'steps') = 'array'),
  created_at timestamptz not null default clock_timestamp(),
  -- Of several with one name the latest registered is the one that is meant. Null: it has only been run from its file.
  registered_at timestamptz,
  -- It came with Fairlead: a newer one of those takes its place, but never that of somebody's own.
  built_in boolean not null default false,
  primary key (plan_id, hash)
);
comment on table fairlead.plans is 'Checked plans. Register one by `fairlead plan add` or the API: they check it whole.';

create table fairlead.runs (
  id text primary key default fairlead.ulid() check (id ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'),
  plan_id text not null,
  plan_hash text not null,
  status text not null default 'pending',
  task text,
  version integer not null default 1,
  -- How it will end once what runs has stopped and the steps that are there for failures are done.
  ending text check (ending in ('failed', 'cancelled')),
  -- True: also the steps that are there for failures are stopped.
  at_once boolean not null default false,
  -- Steps that were to begin anew while they were just being settled: by position, {"round", "feedback"}.
  passed_over jsonb not null default '{}',
  -- Where it stands in words of the plan's own, if that declares stages.
  stage text,
  stages jsonb,
  variables jsonb not null default '{}' check (jsonb_typeof(variables) = 'object'),
  -- Where its commands work: an absolute path. Null: an empty folder of its own, or that of its change or its parent.
  folder text check (folder ~ '^/'),
  agent text,
  change_id text,
  parent_step_id text,
  depth integer not null default 0 check (depth between 0 and 5),
  environment_id text,
  started_by text check (length(started_by) <= 200),
  max_concurrency integer not null default 4 check (max_concurrency between 1 and 64),
  total integer not null default 0,
  unfinished integer not null default 0,
  -- Who cancelled or retried it last.
  decided_by text check (length(decided_by) <= 200),
  -- The first critical step that failed; its message is below.
  failed_step text,
  failure_kind text check (failure_kind in ('step', 'environment', 'cancelled', 'internal')),
  failure_message text,
  retry_from text,
  idempotency_key text unique check (length(idempotency_key) between 1 and 200),
  created_at timestamptz not null default now(),
  moved_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  moved_in xid8 not null default pg_current_xact_id(),
  foreign key (plan_id, plan_hash) references fairlead.plans (plan_id, hash),
  check (status <> 'failed' or (failure_kind is not null and failure_message is not null))
) with (fillfactor = 50);
create index runs_by_plan on fairlead.runs (plan_id, id desc);
create index runs_of_change on fairlead.runs (change_id) where change_id is not null;
create index runs_by_parent on fairlead.runs (parent_step_id) where parent_step_id is not null;
create index runs_active on fairlead.runs (id) where finished_at is null;

create table fairlead.steps (
  id text primary key default fairlead.ulid(),
  run_id text not null references fairlead.runs (id) on delete cascade,
  position integer not null check (position > 0),
  -- Its id in the plan.
  key text not null,
  spec jsonb not null,
  status text not null default 'pending',
  task text,
  version integer not null default 1,
  -- By position: what it depends on, what depends on it, and how many of the former have not settled yet.
  needs integer[] not null,
  dependents integer[] not null,
  unmet integer not null,
  -- True: it is there for failures too, and begins also when the run is ending.
  handles_failure boolean not null,
  -- How often it began; how often it failed since its round began; which round it is in.
  attempt integer not null default 0,
  failures integer not null default 0,
  round integer not null default 1,
  -- The attempt for which the run has entered its stage.
  staged integer not null default 0,
  -- What was found wrong with an earlier round: {"step", "round", "findings"}.
  feedback jsonb,
  -- It has to begin anew when it has been stopped.
  again boolean not null default false,
  -- While it waits: {"for": "approval" | "choice" | "answer" | "time" | "retry" | "plan" | "limit", …}.
  waits_for jsonb,
  waits_until timestamptz,
  outputs jsonb not null default '{}',
  exit_code integer,
  -- What its agents cost, over all attempts.
  cost_usd numeric(12, 6) not null default 0,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  failure_kind text check (failure_kind in
    ('command', 'timeout', 'environment', 'agent', 'rejected', 'outputs', 'stage', 'plan', 'cancelled', 'internal')),
  failure_message text,
  change_id text,
  moved_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  moved_in xid8 not null default pg_current_xact_id(),
  unique (run_id, position),
  unique (run_id, key),
  check (status <> 'failed' or (failure_kind is not null and failure_message is not null))
) with (fillfactor = 70);
create index steps_ready on fairlead.steps (run_id, position) where status = 'pending' and unmet = 0;
create index steps_running on fairlead.steps (run_id) where status = 'running';
create index steps_waiting on fairlead.steps (run_id) where status = 'waiting';
-- Few of any number of steps wait for a task.
create index steps_due on fairlead.steps (id) where task is not null;

create table fairlead.step_attempts (
  step_id text not null references fairlead.steps (id) on delete cascade,
  number integer not null,
  run_id text not null,
  round integer not null,
  status text not null check (status in ('running', 'waiting', 'succeeded', 'failed', 'cancelled')),
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  exit_code integer,
  failure_kind text,
  failure_message text,
  primary key (step_id, number)
);

alter table fairlead.events add column run_id text;
create index events_by_run on fairlead.events (run_id, xid, seq) where run_id is not null;

-- A run in a person's own checkout has an environment as a change has: it is where its processes are kept.
alter table fairlead.environments
  alter column workspace drop not null,
  alter column change_id drop not null,
  alter column first_port drop not null,
  add column run_id text,
  add check (num_nonnulls(change_id, run_id) = 1),
  add check (run_id is not null or (workspace is not null and first_port is not null));
alter table fairlead.resources alter column change_id drop not null;
alter table fairlead.log_chunks alter column change_id drop not null, add column run_id text,
  add check (num_nonnulls(change_id, run_id) > 0);
create index log_by_run on fairlead.log_chunks (run_id, seq) where run_id is not null;

-- The plan that its changes use for their implementation; null is one coding step.
alter table fairlead.workspaces add column plan_id text;
