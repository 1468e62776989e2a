-- Which data folder works on this database. Environments are files on a disk, so exactly one folder may: a worker in a second one
-- would count the environments that are not on its own disk as lost. migrations/0007_data_folders.sql has the tables.

-- Whether a worker process is alive: whether its advisory lock is held.
create or replace function fairlead.is_alive(worker_id text) returns boolean language sql stable as $$
  select exists (select from pg_locks l
    where l.locktype = 'advisory' and l.granted and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and ((l.classid::bigint << 32) | l.objid::bigint) = fairlead.worker_key(worker_id))
$$;

-- Held by every transaction that decides which folder works: one at a time.
create or replace function fairlead.lock_data_folders() returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended('fairlead.data_folders', 0))
$$;

-- Records where a folder is, and that it was seen now.
create or replace function fairlead.note_data_folder(folder_id text, host text, path text, user_name text) returns void
language sql as $$
  insert into fairlead.data_folders as f (id, host, path, user_name) values (folder_id, host, path, user_name)
  on conflict (id) do update set host = excluded.host, path = excluded.path, user_name = excluded.user_name,
    last_seen_at = clock_timestamp()
$$;

-- Whether files of an environment may be on a disk.
create or replace function fairlead.is_begun(environment_id text) returns boolean language sql stable as $$
  select exists (select from fairlead.resources r
    where r.environment_id = is_begun.environment_id and r.kind = 'environment' and r.state in ('intended', 'present'))
$$;

-- Registers a worker if its data folder is the one that works on this database, or none does yet and this one becomes it;
-- `standing` is `own` then. Otherwise the worker is not registered, and `standing` says why: `foreign` (another folder works on
-- this database), `busy` (a worker of the same folder is alive on another machine or at another path, so one of the two folders
-- is a copy) or `unclaimed` (no folder works here yet, but the database has environments, none of them is on the disk of this
-- folder, and the database is not in this folder either).
create or replace function fairlead.enlist_worker(worker_id text, pid integer, program text, machine text, folder_id text, host text, path text,
  user_name text, on_disk text[], holds_database boolean)
returns table (standing text, other_id text, other_host text, other_path text, other_user text, other_pid integer,
  other_seen_at timestamptz, missing integer, moved_from text) language plpgsql as $$
declare
  at_work text;
  before fairlead.data_folders;
  living fairlead.workers;
begin
  perform fairlead.lock_data_folders();
  select s.data_folder into at_work from fairlead.settings s;
  select f.* into before from fairlead.data_folders f where f.id = folder_id;
  standing := 'own';
  if at_work <> folder_id then
    select 'foreign', f.id, f.host, f.path, f.user_name, f.last_seen_at
      into standing, other_id, other_host, other_path, other_user, other_seen_at
      from fairlead.data_folders f where f.id = at_work;
  elsif at_work is null then
    select count(*) into missing from fairlead.environments e
      where e.status <> 'terminated' and e.data_folder is null and fairlead.is_begun(e.id);
    if missing > 0 and not holds_database and not exists (select from fairlead.environments e
      where e.id = any (on_disk) and e.status <> 'terminated' and e.data_folder is null) then
      standing := 'unclaimed';
    end if;
  else
    select w.* into living from fairlead.workers w
      where w.data_folder = folder_id and (w.machine, w.path) is distinct from (enlist_worker.machine, enlist_worker.path)
        and fairlead.is_alive(w.id) limit 1;
    if living.id is not null then
      select 'busy', living.host, living.path, living.pid into standing, other_host, other_path, other_pid;
      return next;
      return;
    end if;
  end if;
  -- The path of a folder that was moved is recorded once its worker has settled in: a worker that dies before that leaves it to
  -- the next one.
  perform fairlead.note_data_folder(folder_id, host, case when standing = 'own' then coalesce(before.path, path) else path end, user_name);
  if standing = 'own' then
    if at_work is null then
      update fairlead.settings set data_folder = folder_id;
      update fairlead.environments e set data_folder = folder_id
        where e.status <> 'terminated' and e.data_folder is null and fairlead.is_begun(e.id);
    end if;
    moved_from := nullif(before.path, path);
    insert into fairlead.workers (id, host, pid, program, machine, data_folder, path)
      values (worker_id, host, pid, program, machine, folder_id, path);
  end if;
  return next;
end $$;

-- Records that an environment is about to be made in a folder. False when it belongs to another folder, or another folder works
-- on this database.
create or replace function fairlead.place_environment(environment_id text, folder_id text) returns boolean
language plpgsql as $$
begin
  update fairlead.environments e set data_folder = folder_id
    where e.id = environment_id and coalesce(e.data_folder, folder_id) = folder_id
      and folder_id = (select s.data_folder from fairlead.settings s);
  return found;
end $$;

-- Terminates an environment that lies in another folder: only its row. Its files stay there, and the ledger has them as `kept`.
create or replace function fairlead.leave_behind(environment_id text, seen_version integer) returns boolean
language plpgsql as $$
declare
  folder fairlead.data_folders;
begin
  select f.* into folder from fairlead.environments e join fairlead.data_folders f on f.id = e.data_folder
    where e.id = environment_id;
  update fairlead.environments e set status = 'terminated', note = null
    where e.id = environment_id and e.version = seen_version;
  if not found then
    return false;
  end if;
  update fairlead.resources r set state = 'kept',
      note = format('it was left behind in the data folder %s on %s', folder.path, folder.host)
    where r.environment_id = leave_behind.environment_id and r.state in ('intended', 'present') and r.kind <> 'branch';
  return true;
end $$;

-- Makes a folder the one that works on this database. Environments on its disk go on there; every other one counts as lost: its
-- change begins again from the pushed branch, its run fails. `refusal` says why nothing was done: `in use` (a worker is alive) or
-- `seen lately` (the folder that works now was seen in the last five minutes, and the caller is not `sure`). For a folder that
-- is in fairlead.data_folders already, such as one that was refused, its id is enough.
create or replace function fairlead.take_over_data_folder(folder_id text, sure boolean default false, host text default null,
  path text default null, user_name text default null, on_disk text[] default '{}')
returns table (refusal text, other_host text, other_path text, other_pid integer, other_seen_at timestamptz,
  changes integer, runs integer) language plpgsql as $$
declare
  before fairlead.data_folders;
  taker fairlead.data_folders;
  nowhere constant text := fairlead.ulid();
begin
  perform fairlead.lock_data_folders();
  select 'in use', w.host, w.path, w.pid into refusal, other_host, other_path, other_pid
    from fairlead.workers w where fairlead.is_alive(w.id) order by w.started_at limit 1;
  select f.* into before from fairlead.settings s join fairlead.data_folders f on f.id = s.data_folder;
  if refusal is null and not sure and before.last_seen_at > clock_timestamp() - interval '5 minutes' then
    refusal := 'seen lately';
    select before.host, before.path, before.last_seen_at into other_host, other_path, other_seen_at;
  end if;
  if refusal is null then
    select f.* into taker from fairlead.data_folders f where f.id = folder_id;
    if taker.id is null and path is null then
      raise exception 'no data folder % is known', quote_literal(folder_id) using errcode = 'FL003',
        hint = 'Run `fairlead data-folder take-over` in it, or try to start it.';
    end if;
    perform fairlead.note_data_folder(folder_id, coalesce(host, taker.host), coalesce(path, taker.path),
      coalesce(user_name, taker.user_name));
    update fairlead.settings set data_folder = folder_id;
    update fairlead.environments e set data_folder = folder_id where e.status <> 'terminated' and e.id = any (on_disk);
    -- Environments from before folders were recorded get a placeholder folder, in which no worker can ever work.
    if exists (select from fairlead.environments e
      where e.status <> 'terminated' and e.data_folder is null and fairlead.is_begun(e.id)) then
      perform fairlead.note_data_folder(nowhere, 'unknown', 'unknown', 'unknown');
      update fairlead.environments e set data_folder = nowhere
        where e.status <> 'terminated' and e.data_folder is null and fairlead.is_begun(e.id);
    end if;
    select l.changes, l.runs into changes, runs from fairlead.lose_elsewhere(folder_id) l;
  end if;
  return next;
end $$;

-- Gives up the changes and runs whose environments lie in other folders. Returns how many of each.
create or replace function fairlead.lose_elsewhere(folder_id text) returns table (changes integer, runs integer)
language plpgsql as $$
declare
  lost record;
begin
  changes := 0;
  runs := 0;
  for lost in
    select c.id, c.version, f.host, f.path
      from fairlead.change_requests c join fairlead.environments e on e.id = c.environment_id
      join fairlead.data_folders f on f.id = e.data_folder
      where c.status in ('provisioning', 'implementing', 'deployed') and f.id <> folder_id and e.status <> 'terminated'
      order by c.id
  loop
    if fairlead.lose_environment(lost.id, lost.version, format('its data folder %s on %s was given up', lost.path, lost.host)) then
      changes := changes + 1;
    end if;
  end loop;
  for lost in
    select r.id, f.host, f.path
      from fairlead.runs r join fairlead.environments e on e.id = r.environment_id
      join fairlead.data_folders f on f.id = e.data_folder
      where r.finished_at is null and e.run_id = r.id and f.id <> folder_id and e.status <> 'terminated' order by r.id
  loop
    update fairlead.runs r set status = 'failed', failure_kind = 'environment', failure_message =
        format('the data folder %s on %s, where its processes were kept, was given up; check there what they have done, then retry', lost.path, lost.host)
      where r.id = lost.id;
    runs := runs + 1;
  end loop;
  return next;
end $$;
