import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { addPlanCommands } from "./plan.ts";
import { addPlanGraph } from "./plan-graph.ts";
import { addPlanRun } from "./plan-run.ts";
import { addPlanValidate } from "./plan-validate.ts";
import { addRunEvents } from "./run-events.ts";
import { addRunLog } from "./run-log.ts";
import { addRunLs } from "./run-ls.ts";
import { addRunResume } from "./run-resume.ts";
import { addRunShow } from "./run-show.ts";
import { addRunAnswer, addRunCancel, addRunRetry } from "./run-words.ts";

/** Plans, and their runs. */
export function addPlansAndRuns(program: Command, cli: Cli): void {
  const plan = program.command("plan").description("Plans: steps that depend on each other, in a JSON file.");
  addPlanValidate(plan);
  addPlanGraph(plan, cli);
  addPlanRun(plan, cli);
  addPlanCommands(plan, cli);
  const run = program.command("run").description("Runs of plans.");
  addRunLs(run, cli);
  addRunShow(run, cli);
  addRunLog(run, cli);
  addRunEvents(run, cli);
  addRunResume(run, cli);
  addRunAnswer(run, cli);
  addRunCancel(run, cli);
  addRunRetry(run, cli);
}
