import type { Command } from "commander";
import { Fault } from "../../domain/fault.ts";
import { faultOf } from "../../store/sql.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { exitCodes } from "../screen/exit-codes.ts";
import { Interrupted } from "../screen/interrupt.ts";
import { plain } from "../screen/plain.ts";
import { makeScreen, type Screen } from "../screen/screen.ts";
import { checkAgents, checkDatabase } from "./check-database.ts";
import { bad, checkGit, checkHome, checkNode, type Finding } from "./checks.ts";

export function addDoctor(program: Command, cli: Cli): void {
  program
    .command("doctor")
    .description("Look whether everything that Fairlead needs is there, and say what to do where it isn't.")
    .action((options: { json?: boolean }) => doctor(cli, options));
}

async function doctor(cli: Cli, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  const findings = [checkNode(), await checkGit(), ...(await checkInstallation(cli))];
  const healthy = findings.every(({ state }) => state !== "bad");
  if (screen.json) screen.printJson({ healthy, checks: findings });
  else screen.print(findings.map((finding) => line(screen, finding)).join("\n"));
  if (!healthy) process.exitCode = exitCodes.internal;
}

/** Settings that can't be read leave nothing else to look at. */
async function checkInstallation(cli: Cli): Promise<Finding[]> {
  let home: Finding;
  try {
    home = await checkHome(cli.home());
  } catch (error) {
    return [unfit("settings", error)];
  }
  const agents = await cli.agents();
  try {
    return [home, ...(await withAssembly(cli.openUnmigrated, (assembly) => checkDatabase(assembly, agents)))];
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    return [home, unfit("postgres", error), ...(await checkAgents(agents, null))];
  }
}

function unfit(check: string, raised: unknown): Finding {
  const error = faultOf(raised);
  const message = error instanceof Error ? error.message : String(error);
  return bad(check, message, error instanceof Fault ? "" : "FAIRLEAD_LOG_LEVEL=debug says more.");
}

const marks = { good: "✓", note: "!", bad: "✗" } as const satisfies Record<Finding["state"], string>;
const tints = { good: "green", note: "yellow", bad: "red" } as const satisfies Record<Finding["state"], string>;

function line({ colours }: Screen, { check, state, found, advice }: Finding): string {
  const head = `${colours[tints[state]](marks[state])} ${check.padEnd(18)} ${plain(found)}`;
  return advice ? `${head}\n${" ".repeat(21)}${colours.dim(advice)}` : head;
}
