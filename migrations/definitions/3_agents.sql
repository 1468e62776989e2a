-- Which agents a change may name.

-- Notes that a new change names an agent that its workspace does not allow. Whether the session may do that is decided
-- before: by the API from the token's role, and for sessions of restricted roles when the change is filled in. The
-- trigger comes after the one called `move`, which fills in the workspace's own agent: triggers fire by their names.
create or replace function fairlead.note_free_agent() returns trigger language plpgsql
set search_path to pg_catalog, fairlead, pg_temp as $$
begin
  new.agent_free := not exists (select from fairlead.workspaces w
    where w.name = new.workspace and (w.agent = new.agent or w.agents ? new.agent));
  return new;
end $$;

create or replace trigger note_free_agent before insert on fairlead.change_requests
  for each row execute function fairlead.note_free_agent();
