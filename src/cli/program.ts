import { Command } from "commander";
import { addDecision } from "./changes/decide.ts";
import { addDiff } from "./changes/diff.ts";
import { addLog } from "./changes/log.ts";
import { addLs } from "./changes/ls.ts";
import { addRequest } from "./changes/request.ts";
import { addRequestChanges } from "./changes/request-changes.ts";
import { addShow } from "./changes/show.ts";
import type { Cli } from "./cli.ts";
import { addDatabase } from "./database.ts";
import { addDoctor } from "./doctor/doctor.ts";
import { addEnv } from "./env.ts";
import { addDataFolder } from "./machine/data-folder.ts";
import { addPlansAndRuns } from "./plans/plans-and-runs.ts";
import { exitCodeHelp } from "./screen/exit-codes.ts";
import { addToken } from "./token.ts";
import { addWorkspaceCommands } from "./workspaces/workspace.ts";
import { addWorkspaceAdd } from "./workspaces/workspace-add.ts";

/** Every command there is. Nothing is opened before one of them runs. */
export function makeProgram(cli: Cli): Command {
  const program = new Command("fairlead")
    .description("From a change asked for in plain words to a merged branch.")
    .version(cli.version, "-V, --version")
    .enablePositionalOptions() // else --version of `approve` would be taken for the program's own
    .exitOverride()
    .configureOutput({ outputError: () => {} }) // src/cli/screen/report-error.ts says it, once and in the form asked for
    .addHelpText("after", exitCodeHelp);
  addServer(program, cli);
  addDatabase(program, cli);
  addDataFolder(program, cli);
  addDoctor(program, cli);
  const workspace = program.command("workspace").description("The registered repositories.");
  addWorkspaceAdd(workspace, cli);
  addWorkspaceCommands(workspace, cli);
  addRequest(program, cli);
  addLs(program, cli);
  addShow(program, cli);
  addLog(program, cli);
  addDiff(program, cli);
  addDecision(program, cli, "approve");
  addDecision(program, cli, "reject");
  addRequestChanges(program, cli);
  addDecision(program, cli, "cancel");
  addDecision(program, cli, "retry");
  addPlansAndRuns(program, cli);
  addEnv(program, cli);
  addToken(program, cli);
  const answering = leaves(program).filter((command) => !["start", "demo"].includes(command.name()));
  for (const command of answering) command.option("--json", "print JSON, as the API has it");
  return program;
}

function addServer(program: Command, cli: Cli): void {
  program
    .command("start")
    .description("Run the server and a worker until Ctrl-C.")
    .action(() => cli.start());
  program
    .command("demo")
    .description("Carry a change from words to merged in a small repository made for it, with nothing to set up.")
    .action(async () => {
      process.exitCode = await cli.demo();
    });
}

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}
