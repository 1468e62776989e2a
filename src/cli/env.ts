import type { Command } from "commander";
import { folderStanding } from "../actions/data-folder/standing.ts";
import { endEnvironment } from "../actions/environments/end-environment.ts";
import { idsNamed } from "../actions/ids-named.ts";
import { needWorkspace } from "../actions/workspaces/need-workspace.ts";
import type { EnvironmentRow } from "../domain/environment.ts";
import { IdAmbiguous } from "../domain/faults/cli.ts";
import { EnvironmentUnknown } from "../domain/faults/requests.ts";
import { findEnvironment, listEnvironments } from "../store/environments.ts";
import { environmentsEndingIn } from "../store/runs/find-ending.ts";
import { viewEnvironment } from "../wire/environments.ts";
import { environmentName, workspaceName } from "../wire/ids.ts";
import { type Cli, withAssembly } from "./cli.ts";
import { remarkNoWorker } from "./doctor/workers-alive.ts";
import { parseGiven } from "./parse-given.ts";
import { plainLine } from "./screen/plain.ts";
import { makeScreen } from "./screen/screen.ts";
import { table } from "./screen/table.ts";
import { age, shortId, statusWord } from "./screen/wording.ts";

const most = 1000;

export function addEnv(program: Command, cli: Cli): void {
  const env = program.command("env").description("The environments that changes and runs are worked on in.");
  env
    .command("ls")
    .description("List the environments that are there, oldest first.")
    .option("-w, --workspace <name>", "only of this workspace")
    .action((options: { workspace?: string; json?: boolean }) => ls(cli, options));
  env
    .command("rm")
    .description("Send an environment to its clean-up, unless a change or a run that is going on needs it.")
    .argument("<id>", "its id, or how it ends")
    .action((id: string, options: { json?: boolean }) => rm(cli, id, options));
}

async function ls(cli: Cli, options: { workspace?: string; json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  const name = options.workspace === undefined ? null : parseGiven(workspaceName, options.workspace);
  await withAssembly(cli.open, async ({ services }) => {
    // A mistyped name would otherwise look like an empty list.
    if (name !== null) await needWorkspace(services, name);
    const environments = await listEnvironments(services.sql, name, most);
    if (screen.json) return screen.printJson({ environments: environments.map(viewEnvironment) });
    if (environments.length === 0) return screen.remark("No environments.");
    const rows = environments.map((environment) => [
      shortId(environment.id),
      statusWord(screen, environment.status),
      age(environment.createdAt),
      environment.workspace ?? "",
      ownerOf(environment),
      environment.firstPort === null ? "" : `${environment.firstPort}`,
      plainLine(environment.note ?? "", 100),
    ]);
    screen.print(table(screen, ["ID", "STATUS", "AGE", "WORKSPACE", "OF", "PORTS FROM", "NOTE"], rows));
    const standing = await folderStanding(services);
    if (standing.state !== "refused") return;
    const { path, host } = standing.atWork;
    screen.remark(`They lie in another data folder than this one: ${plainLine(path)} on ${plainLine(host)}.`);
  });
}

function ownerOf({ changeId, runId }: EnvironmentRow): string {
  return changeId === null ? `run ${shortId(runId ?? "")}` : `change ${shortId(changeId)}`;
}

async function rm(cli: Cli, id: string, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(environmentName, id);
  await withAssembly(cli.open, async ({ services }) => {
    const [found, other] = await idsNamed(name, (ending) => environmentsEndingIn(services.sql, ending));
    if (other !== undefined) throw new IdAmbiguous(id);
    if (found === undefined) throw new EnvironmentUnknown(id);
    await endEnvironment(services, found);
    const environment = await findEnvironment(services.sql, found);
    if (environment === null) throw new EnvironmentUnknown(id);
    if (screen.json) return screen.printJson(viewEnvironment(environment));
    screen.print(`${shortId(environment.id)} is ${statusWord(screen, environment.status)}`);
    if (environment.status === "terminating") await remarkNoWorker(services, screen);
  });
}
