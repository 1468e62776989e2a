-- The data folders that have worked, or were to work, on this database. Environments lie on a disk: what one folder's disk
-- shows says nothing of another's, so one folder at a time does the work, and each environment knows its own.

create table fairlead.data_folders (
  -- The text of the file `id` in the folder, made once: it stays when the folder is moved.
  id text primary key check (id ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'),
  -- Where it was when it was last opened for work, and by which user.
  host text not null,
  path text not null,
  user_name text not null,
  first_seen_at timestamptz not null default clock_timestamp(),
  last_seen_at timestamptz not null default clock_timestamp()
);

-- The one that does the work; null until the first one starts.
alter table fairlead.settings add column data_folder text references fairlead.data_folders (id);

-- Null as long as nothing of it was made on any disk.
alter table fairlead.environments add column data_folder text references fairlead.data_folders (id);

-- In which folder a worker works, where that is, and on which start of which machine: of a folder that was copied, or
-- whose disk is shared, only one machine may have workers at a time.
alter table fairlead.workers add column data_folder text, add column path text, add column machine text;

-- Whether agents, setup commands and previews of its changes may use the server's SSH agent.
alter table fairlead.workspaces add column ssh_agent boolean not null default false;
