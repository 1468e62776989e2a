import { z } from "zod";
import { needWorkspace } from "../actions/workspaces/need-workspace.ts";
import { registerWorkspace } from "../actions/workspaces/register-workspace.ts";
import { removeWorkspace } from "../actions/workspaces/remove-workspace.ts";
import { listWorkspaces } from "../store/workspaces.ts";
import { parseAgentSettings } from "../wire/agents/agent-settings.ts";
import { workspaceName } from "../wire/ids.ts";
import { newWorkspace, viewWorkspace, workspaceList, workspaceView } from "../wire/workspaces.ts";
import { json, location } from "./answers.ts";
import { type Route, route } from "./route.ts";

const params = z.object({ name: workspaceName });

export const workspaceRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/workspaces",
    role: "read",
    summary: "List workspaces, by name",
    responses: { 200: json("At most the first 1000", workspaceList) },
    async answer({ services }, _asked, response) {
      response.json({ workspaces: (await listWorkspaces(services.sql, 1000)).map(viewWorkspace) });
    },
  }),
  route({
    method: "post",
    path: "/api/workspaces",
    role: "admin",
    summary: "Register a repository; it is asked for its branches first",
    body: newWorkspace,
    responses: { 201: { ...json("Registered", workspaceView), headers: location("The workspace") } },
    async answer({ services }, { body }, response) {
      parseAgentSettings(body.agent, body.agent_settings);
      for (const [name, settings] of Object.entries(body.agents)) parseAgentSettings(name, settings);
      const workspace = await registerWorkspace(services, {
        name: body.name,
        repositoryUrl: body.repository_url,
        defaultBranch: body.default_branch,
        agent: body.agent,
        agentSettings: body.agent_settings,
        agents: body.agents,
        blueprint: body.blueprint,
        planId: body.plan_id,
        hosts: body.hosts,
        sshAgent: body.ssh_agent,
        maxActiveChanges: body.max_active_changes,
      });
      response.status(201).location(`/api/workspaces/${workspace.name}`).json(viewWorkspace(workspace));
    },
  }),
  route({
    method: "get",
    path: "/api/workspaces/:name",
    role: "read",
    summary: "Show a workspace",
    params,
    responses: { 200: json("The workspace", workspaceView) },
    async answer({ services }, { params }, response) {
      response.json(viewWorkspace(await needWorkspace(services, params.name)));
    },
  }),
  route({
    method: "delete",
    path: "/api/workspaces/:name",
    role: "admin",
    summary: "Remove a workspace in which nothing was ever asked for",
    params,
    responses: { 204: { description: "Removed" } },
    async answer({ services }, { params }, response) {
      await removeWorkspace(services, params.name);
      response.status(204).end();
    },
  }),
];
