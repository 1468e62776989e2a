import type { Command } from "commander";
import { needWorkspace } from "../../actions/workspaces/need-workspace.ts";
import { removeWorkspace } from "../../actions/workspaces/remove-workspace.ts";
import { allowedAgents } from "../../domain/agents/agent-choice.ts";
import type { Blueprint } from "../../domain/blueprints/blueprint.ts";
import { redact } from "../../domain/texts/redact.ts";
import type { Workspace } from "../../domain/workspace.ts";
import { listWorkspaces } from "../../store/workspaces.ts";
import { workspaceName } from "../../wire/ids.ts";
import { viewWorkspace } from "../../wire/workspaces.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { parseGiven } from "../parse-given.ts";
import { plainLine } from "../screen/plain.ts";
import { makeScreen, type Screen } from "../screen/screen.ts";
import { type Fact, facts, table } from "../screen/table.ts";

const most = 1000;

export function addWorkspaceCommands(workspace: Command, cli: Cli): void {
  workspace
    .command("ls")
    .description("List the registered repositories.")
    .action((options: { json?: boolean }) => ls(cli, options));
  workspace
    .command("show")
    .description("Show a workspace and its settings.")
    .argument("<name>")
    .action((name: string, options: { json?: boolean }) => show(cli, name, options));
  workspace
    .command("rm")
    .description("Remove a workspace in which no change was ever asked for. The repository stays as it is.")
    .argument("<name>")
    .action((name: string, options: { json?: boolean }) => rm(cli, name, options));
}

async function ls(cli: Cli, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  await withAssembly(cli.open, async ({ services }) => {
    const workspaces = await listWorkspaces(services.sql, most);
    if (screen.json) return screen.printJson({ workspaces: workspaces.map(viewWorkspace) });
    if (workspaces.length === 0) return screen.remark("No workspaces. Add one: npx fairlead workspace add <name> .");
    const rows = workspaces.map((workspace) => [
      workspace.name,
      plainLine(allowedAgents(workspace).join(", "), 100),
      plainLine(workspace.defaultBranch ?? ""),
      plainLine(redact(workspace.repositoryUrl), 200),
    ]);
    screen.print(table(screen, ["NAME", "AGENTS", "BRANCH", "REPOSITORY"], rows));
  });
}

async function show(cli: Cli, given: string, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(workspaceName, given);
  await withAssembly(cli.open, async ({ services }) => {
    const workspace = await needWorkspace(services, name);
    if (screen.json) return screen.printJson(viewWorkspace(workspace));
    screen.print(workspaceFacts(screen, workspace));
  });
}

async function rm(cli: Cli, given: string, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(workspaceName, given);
  await withAssembly(cli.open, async ({ services }) => {
    await removeWorkspace(services, name);
    if (screen.json) return screen.printJson({ name, removed: true });
    screen.print(`${name} is removed`);
  });
}

/** By way of the API's form, which hides the values of an agent's variables. */
export function workspaceFacts(screen: Screen, workspace: Workspace): string {
  const { agent_settings, agents } = viewWorkspace(workspace);
  const { blueprint } = workspace;
  return facts(screen, [
    ["name", workspace.name],
    ["repository", plainLine(redact(workspace.repositoryUrl), 500)],
    ["branch", plainLine(workspace.defaultBranch ?? "to be asked of the repository")],
    ["agent", plainLine(workspace.agent)],
    ["agent settings", settingsLine(agent_settings)],
    ...Object.entries(agents).map(([name, settings]): Fact => {
      return ["allows agent", plainLine(`${name} ${settingsLine(settings) ?? ""}`, 500)];
    }),
    ["setup", words(blueprint.setup)],
    ["start", words(blueprint.start)],
    ["check", words(blueprint.check)],
    ["port", blueprint.port == null ? null : String(blueprint.port)],
    ["plan", workspace.planId],
    ["other hosts", workspace.hosts.length === 0 ? null : plainLine(workspace.hosts.join(", "), 500)],
    ["SSH agent", workspace.sshAgent ? "may be used by agents, setup and previews" : null],
    ["active at most", `${workspace.maxActiveChanges} changes`],
    ["created", workspace.createdAt.toISOString()],
  ]);
}

function settingsLine(settings: object): string | null {
  return Object.keys(settings).length === 0 ? null : plainLine(JSON.stringify(settings), 500);
}

function words(command: Blueprint["setup"] | undefined): string | null {
  return command == null ? null : plainLine(command.join(" "), 500);
}
