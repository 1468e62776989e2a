import type { Command } from "commander";
import { endEnvironment } from "../actions/end-environment.ts";
import { EnvironmentUnknown } from "../domain/faults/requests.ts";
import { findEnvironment, listEnvironments } from "../store/environments.ts";
import { viewEnvironment } from "../wire/environments.ts";
import { type Cli, withAssembly } from "./cli.ts";
import { findByEnding } from "./find-by-ending.ts";
import { knownWorkspace } from "./known-workspace.ts";
import { plainLine } from "./plain.ts";
import { makeScreen } from "./screen.ts";
import { table } from "./table.ts";
import { age, shortId, statusWord } from "./wording.ts";

const most = 1000;

export function addEnv(program: Command, cli: Cli): void {
  const env = program.command("env").description("The environments that changes are worked on in.");
  env
    .command("ls")
    .description("List the environments that are there, oldest first.")
    .option("-w, --workspace <name>", "only of this workspace")
    .action((options: { workspace?: string; json?: boolean }) => ls(cli, options));
  env
    .command("rm")
    .description("Send an environment to its clean-up, unless a change that is going on needs it.")
    .argument("<id>", "its id, or how it ends")
    .action((id: string, options: { json?: boolean }) => rm(cli, id, options));
}

async function ls(cli: Cli, options: { workspace?: string; json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  await withAssembly(cli.open, async ({ services }) => {
    const workspace = options.workspace === undefined ? null : await knownWorkspace(services, options.workspace);
    const environments = await listEnvironments(services.sql, workspace, most);
    if (screen.json) return screen.printJson({ environments: environments.map(viewEnvironment) });
    if (environments.length === 0) return screen.remark("No environments.");
    const rows = environments.map((environment) => [
      shortId(environment.id),
      statusWord(screen, environment.status),
      age(environment.createdAt),
      environment.workspace,
      shortId(environment.changeId),
      `${environment.firstPort}`,
      plainLine(environment.note ?? "", 100),
    ]);
    screen.print(table(screen, ["ID", "STATUS", "AGE", "WORKSPACE", "CHANGE", "PORTS FROM", "NOTE"], rows));
  });
}

async function rm(cli: Cli, id: string, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  await withAssembly(cli.open, async ({ services }) => {
    const found = findByEnding(await listEnvironments(services.sql, null, most), id);
    if (found === undefined) throw new EnvironmentUnknown(id);
    await endEnvironment(services, found.id);
    const environment = (await findEnvironment(services.sql, found.id)) ?? found;
    if (screen.json) return screen.printJson(viewEnvironment(environment));
    screen.print(`${shortId(environment.id)} is ${statusWord(screen, environment.status)}`);
  });
}
