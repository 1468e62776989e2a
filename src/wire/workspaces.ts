import { z } from "zod";
import type { Blueprint } from "../domain/blueprints/blueprint.ts";
import { redact } from "../domain/texts/redact.ts";
import type { AgentSettings, Workspace } from "../domain/workspace.ts";
import { blueprintSettings } from "./blueprint.ts";
import { planId, workspaceName } from "./ids.ts";
import { iso, someText, timestamp } from "./text.ts";

const settings = z.record(z.string(), z.unknown());

export const newWorkspace = z
  .strictObject({
    name: workspaceName,
    repository_url: someText(2000).meta({ example: "https://github.com/acme/shop.git" }),
    default_branch: someText(250).nullable().default(null).meta({ description: "null: the remote is asked" }),
    agent: someText(100).default("claude"),
    agent_settings: settings.default({}),
    agents: z
      .record(someText(100), settings)
      .refine((agents) => Object.keys(agents).length <= 20, "are more than 20")
      .default({})
      .meta({ description: "Further agents that its changes may name, each with its settings" }),
    // What is absent stays absent: it is left to .fairlead.json and to what is detected.
    blueprint: blueprintSettings.default({}).transform((given) => given as Partial<Blueprint>),
    plan_id: planId.nullable().default(null).meta({ description: "The plan that does the work of its changes" }),
    hosts: z
      .array(z.string().regex(/^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/, "is a host, or host:port"))
      .max(50)
      .default([])
      .meta({ description: "Hosts besides its own that its submodules and its LFS may be on" }),
    ssh_agent: z.boolean().default(false).meta({
      description: "Whether agents, setup commands and previews of its changes may use the server's SSH agent",
    }),
    max_active_changes: z.int().min(1).max(1000).nullable().default(null),
  })
  .refine(({ agent, agents }) => !Object.hasOwn(agents, agent), {
    path: ["agents"],
    message: "has the workspace's own agent in it: the settings of that one are agent_settings",
  })
  .meta({ id: "NewWorkspace" });

export const workspaceView = z
  .object({
    name: z.string(),
    repository_url: z.string().meta({ description: "Without the credentials that may be in it" }),
    default_branch: z.string().nullable(),
    provider: z.string(),
    agent: z.string(),
    agent_settings: settings.meta({ description: "The values of `variables` are not shown" }),
    agents: z.record(z.string(), settings).meta({ description: "Further agents that its changes may name" }),
    blueprint: z.record(z.string(), z.unknown()),
    plan_id: z.string().nullable(),
    hosts: z.array(z.string()),
    ssh_agent: z.boolean(),
    max_active_changes: z.int(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: "Workspace" });

export const workspaceList = z.object({ workspaces: z.array(workspaceView) });

export function viewWorkspace(workspace: Workspace): z.infer<typeof workspaceView> {
  return {
    name: workspace.name,
    repository_url: redact(workspace.repositoryUrl),
    default_branch: workspace.defaultBranch,
    provider: workspace.provider,
    agent: workspace.agent,
    agent_settings: withoutValues(workspace.agentSettings),
    agents: Object.fromEntries(
      Object.entries(workspace.agents).map(([name, settings]) => [name, withoutValues(settings)]),
    ),
    blueprint: { ...workspace.blueprint },
    plan_id: workspace.planId,
    hosts: [...workspace.hosts],
    ssh_agent: workspace.sshAgent,
    max_active_changes: workspace.maxActiveChanges,
    created_at: iso(workspace.createdAt),
    updated_at: iso(workspace.updatedAt),
  };
}

/** People put keys into an agent's variables, and whoever may read changes need not know those. */
function withoutValues(settings: AgentSettings): Record<string, unknown> {
  const { variables, ...others } = settings;
  if (typeof variables !== "object" || variables === null) return others;
  return { ...others, variables: Object.fromEntries(Object.keys(variables).map((name) => [name, "[hidden]"])) };
}
