-- Which agents a change may name: those that its workspace allows, each with its own settings.

-- Besides `agent` with `agent_settings`: the name of each further agent, with its settings.
alter table fairlead.workspaces add column agents jsonb not null default '{}'
  check (jsonb_typeof(agents) = 'object'
    and not jsonb_path_exists(agents, 'strict $.* ? (@.type() != "object")', '{}', true));

-- True: the agent was none that the workspace allowed when the change was asked for, so an admin has chosen it. A trigger
-- fills it in (definitions/3_agents.sql), and only such a change goes on while the workspace doesn't allow its agent.
alter table fairlead.change_requests add column agent_free boolean not null default false;

-- Any request could name any agent before this: a change that is going on keeps the agent that it has.
update fairlead.change_requests c set agent_free = true
  from fairlead.workspaces w where w.name = c.workspace and w.agent <> c.agent and c.finished_at is null;
