import type { Command } from "commander";
import { FileUnreadable } from "../../domain/faults/cli.ts";
import type { PlanProblem } from "../../domain/plans/plan.ts";
import { stepsIn } from "../runs/run-wording.ts";
import { exitCodes } from "../screen/exit-codes.ts";
import { plain } from "../screen/plain.ts";
import { makeScreen, type Screen } from "../screen/screen.ts";
import { checkFile, problemLine } from "./plan-source.ts";

interface Checked {
  readonly file: string;
  readonly valid: boolean;
  /** How many; null where it is not known. */
  readonly steps: number | null;
  readonly problems: readonly PlanProblem[];
}

export function addPlanValidate(plan: Command): void {
  plan
    .command("validate")
    .description("Check plan files whole, and say all that is wrong. Needs no database.")
    .argument("<file...>", "plan files; - is standard input")
    .action((files: string[], options: { json?: boolean }) => validate(files, options));
}

async function validate(files: readonly string[], options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  const checked: Checked[] = [];
  for (const file of files) checked.push(await check(file));
  if (screen.json) screen.printJson({ files: checked });
  else for (const one of checked) screen.print(report(screen, one, files.length > 1));
  if (checked.some(({ valid }) => !valid)) process.exitCode = exitCodes.invalid;
}

async function check(file: string): Promise<Checked> {
  try {
    const found = await checkFile(file);
    if ("plan" in found) return { file, valid: true, steps: found.plan.steps.length, problems: [] };
    return { file, valid: false, steps: null, problems: found.problems };
  } catch (error) {
    // One that can't be read keeps nobody from hearing of the others.
    if (!(error instanceof FileUnreadable)) throw error;
    return {
      file,
      valid: false,
      steps: null,
      problems: [{ path: "", message: `can't be read: ${error.details.why}`, hint: null }],
    };
  }
}

function report({ colours }: Screen, { file, valid, steps, problems }: Checked, several: boolean): string {
  const head = several ? `${plain(file)}: ` : "";
  if (valid) return `${head}${colours.green("valid")}: ${stepsIn(steps ?? 0)}`;
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const lines = problems.map((problem) => `${head}${problemLine(problem)}`);
  return [...lines, `${head}${colours.red("invalid")}: ${count}`].join("\n");
}
