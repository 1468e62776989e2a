import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { registerWorkspace } from "../../actions/workspaces/register-workspace.ts";
import { GivenInvalid } from "../../domain/faults/cli.ts";
import { parseJson } from "../../domain/json/parse-json.ts";
import { redact } from "../../domain/texts/redact.ts";
import { oneLine } from "../../domain/texts/text.ts";
import { newWorkspace, viewWorkspace } from "../../wire/workspaces.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { wholeNumber } from "../options.ts";
import { parseGiven } from "../parse-given.ts";
import { readText } from "../read-text.ts";
import { plainLine } from "../screen/plain.ts";
import { makeScreen } from "../screen/screen.ts";
import { workspaceFacts } from "./workspace.ts";

interface Options {
  readonly branch?: string;
  readonly agent?: string;
  readonly agentSettings?: string;
  readonly allowAgent: readonly string[];
  readonly setup?: string;
  readonly start?: string;
  readonly check?: string;
  readonly port?: number;
  readonly plan?: string;
  readonly host?: string[];
  readonly sshAgent?: boolean;
  readonly maxActive?: number;
  readonly json?: boolean;
}

export function addWorkspaceAdd(workspace: Command, cli: Cli): void {
  workspace
    .command("add")
    .description("Register a repository. What is left out is detected in it.")
    .argument("<name>", "lower case letters, digits and dashes")
    .argument("[repository]", "its address, or the folder of a checkout", ".")
    .option("--branch <branch>", "what changes are merged into; else the repository's default branch")
    .option("-a, --agent <name>", "claude, command or scripted", "claude")
    .option("--agent-settings <json>", 'for example \'{"model":"opus"}\'')
    .option(
      "--allow-agent <name[=settings]>",
      "another agent that its changes may name, with its settings as JSON or in a file; may be given more than once",
      (text: string, before: readonly string[]) => [...before, text],
      [],
    )
    .option("--setup <command>", "run once in each new environment, such as 'npm ci'")
    .option("--start <command>", "serves the preview, on the port in PORT")
    .option("--check <command>", "proves a change, such as 'npm test'")
    .option("--port <number>", "a port that the app insists on", wholeNumber(65_535))
    .option("--plan <plan_id>", "the plan that does the work of its changes; else one coding agent does")
    .option("--host <host...>", "hosts besides its own that its submodules and its LFS may be on")
    .option("--ssh-agent", "let agents, setup and previews of its changes use the server's SSH agent")
    .option("--max-active <number>", "how many changes may be active at once", wholeNumber(1000))
    .action((name: string, repository: string, options: Options) => add(cli, { name, repository }, options));
}

async function add(cli: Cli, given: { name: string; repository: string }, options: Options): Promise<void> {
  const screen = makeScreen(options);
  const { setup, start, check, port } = options;
  const workspace = parseGiven(newWorkspace, {
    name: given.name,
    repository_url: await addressOf(cli, given.repository),
    default_branch: options.branch ?? null,
    agent: options.agent,
    agent_settings: settingsIn("agent-settings", options.agentSettings ?? "{}"),
    agents: await agentsIn(options.allowAgent),
    blueprint: { setup, start, check, port },
    plan_id: options.plan ?? null,
    hosts: options.host ?? [],
    ssh_agent: options.sshAgent === true,
    max_active_changes: options.maxActive ?? null,
  });
  await withAssembly(cli.open, async ({ services }) => {
    const added = await registerWorkspace(services, {
      name: workspace.name,
      repositoryUrl: workspace.repository_url,
      defaultBranch: workspace.default_branch,
      agent: workspace.agent,
      agentSettings: workspace.agent_settings,
      agents: workspace.agents,
      blueprint: workspace.blueprint,
      planId: workspace.plan_id,
      hosts: workspace.hosts,
      sshAgent: workspace.ssh_agent,
      maxActiveChanges: workspace.max_active_changes,
    });
    if (screen.json) return screen.printJson(viewWorkspace(added));
    screen.print(workspaceFacts(screen, added));
    screen.remark(`Branches and merges go to ${plainLine(redact(added.repositoryUrl), 500)}, and nowhere else.`);
  });
}

/** A folder of this machine stands for the repository that it is a checkout of. */
async function addressOf(cli: Cli, repository: string): Promise<string> {
  const there = await stat(repository).catch(() => null);
  return there?.isDirectory() === true ? (await cli.checkout(repository)).repositoryUrl : repository;
}

/** `["scripted", "command=settings.json"]` as the settings of each agent. */
async function agentsIn(given: readonly string[]): Promise<Record<string, unknown>> {
  const agents = new Map<string, unknown>();
  for (const text of given) {
    const [, name = text, settings = "{}"] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    if (agents.has(name)) throw new GivenInvalid([`allow-agent names ${oneLine(name)} twice`]);
    const isInline = settings.trimStart().startsWith("{");
    agents.set(name, settingsIn("allow-agent", isInline ? settings : await readText(settings, settingsLimitBytes)));
  }
  return Object.fromEntries(agents);
}

/** As large as a body that the API accepts. */
const settingsLimitBytes = 256 * 1024;

function settingsIn(option: string, json: string): unknown {
  const parsed = parseJson(json);
  if ("value" in parsed) return parsed.value;
  throw new GivenInvalid([`${option} ${parsed.problem}`]);
}
