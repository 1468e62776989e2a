import { CommanderError } from "commander";
import { Fault } from "../../domain/fault.ts";
import { type ExitCode, exitCodeOf, exitCodes } from "./exit-codes.ts";
import { Interrupted } from "./interrupt.ts";
import { plain } from "./plain.ts";
import { visible } from "./screen.ts";
import { withShortIds } from "./wording.ts";

interface Complaint {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly exitCode: ExitCode;
}

/** Says on standard error what went wrong, in a sentence or with --json as a document, and gives the exit code. */
export async function reportError(raised: unknown, { json }: { readonly json: boolean }): Promise<ExitCode> {
  if (raised instanceof Interrupted) return raised.quiet ? exitCodes.ok : exitCodes.interrupted;
  if (raised instanceof CommanderError && raised.exitCode === 0) return exitCodes.ok;
  // The help has been shown instead of a complaint.
  if (raised instanceof CommanderError && raised.code === "commander.help") return exitCodes.invalid;
  const { exitCode, ...error } = await complaintOf(raised);
  const sentence = `error: ${plain(withShortIds(error.message))} (${error.code})`;
  process.stderr.write(`${json ? visible(JSON.stringify({ error })) : sentence}\n`);
  if (process.env.FAIRLEAD_LOG_LEVEL === "debug" && raised instanceof Error) {
    process.stderr.write(`${plain(raised.stack ?? "")}\n`);
  }
  return exitCode;
}

async function complaintOf(raised: unknown): Promise<Complaint> {
  if (raised instanceof CommanderError) {
    const message = raised.message.replace(/^error: /, "").replaceAll("\n", " ");
    return { code: "USAGE", message, details: {}, exitCode: exitCodes.invalid };
  }
  const { faultOf } = await import("../../store/sql.ts"); // only now: it loads the driver
  const error = faultOf(raised);
  if (error instanceof Fault) {
    return { code: error.code, message: error.message, details: error.details, exitCode: exitCodeOf(error.kind) };
  }
  const said = error instanceof Error ? error.message || error.name : String(error);
  const message = `something went wrong inside Fairlead: ${said}. FAIRLEAD_LOG_LEVEL=debug says where`;
  return { code: "INTERNAL", message, details: {}, exitCode: exitCodes.internal };
}
