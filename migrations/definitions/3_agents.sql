-- Which agents a change may name.

-- Records that a new change names an agent that its workspace does not allow. Whether the session may do that is checked
-- before: by the API from the token's role, and by fairlead.fill_new_change() for sessions of restricted roles. This trigger
-- fires after `move`, which fills in the workspace's own agent: Postgres fires triggers in the order of their names.
create or replace function fairlead.note_free_agent() returns trigger language plpgsql
set search_path to pg_catalog, fairlead, pg_temp as $$
begin
  new.agent_free := not exists (select from fairlead.workspaces w
    where w.name = new.workspace and (w.agent = new.agent or w.agents ? new.agent));
  return new;
end $$;

create or replace trigger note_free_agent before insert on fairlead.change_requests
  for each row execute function fairlead.note_free_agent();
