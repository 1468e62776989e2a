import { OutputUnwritable } from "../domain/faults/cli.ts";
import type { Cli } from "./cli.ts";
import { makeProgram } from "./program.ts";
import { Interrupted } from "./screen/interrupt.ts";
import { reportError } from "./screen/report-error.ts";
import { makeScreen, type Screen } from "./screen/screen.ts";

/** Given a way to say something besides, on standard error and to people only, makes what commands work with. */
export type MakeCli = (remark: Screen["remark"]) => Cli;

/** Runs the command line and sets the exit code. What goes wrong is said on standard error. */
export async function run(makeCli: MakeCli, args: readonly string[]): Promise<void> {
  const json = wantsJson(args);
  const cli = makeCli(makeScreen({ json }).remark);
  process.stdout.on("error", (error) => outputFailed(error, json));
  process.stderr.on("error", () => {}); // there is nowhere left to say it
  try {
    if (args.length === 0) makeProgram(cli).help();
    await makeProgram(cli).parseAsync(args, { from: "user" });
  } catch (error) {
    process.exitCode = await reportError(error, { json });
    // What was interrupted may still be under way. Otherwise what was printed is still being written.
    if (error instanceof Interrupted) process.exit();
  }
}

/** A reader such as `head` may leave before we have said everything; output lost to a full disk is an error. */
async function outputFailed(error: NodeJS.ErrnoException, json: boolean): Promise<void> {
  if (error.code === "EPIPE") return;
  process.exit(await reportError(new OutputUnwritable(error.message), { json }));
}

/** Looked for by hand, for what can't be parsed is to be said in the right form as well. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? args.length : end).includes("--json");
}
