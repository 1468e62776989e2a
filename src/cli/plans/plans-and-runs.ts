import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { addPlanRun } from "../runs/plan-run.ts";
import { addRunEvents } from "../runs/run-events.ts";
import { addRunLog } from "../runs/run-log.ts";
import { addRunLs } from "../runs/run-ls.ts";
import { addRunResume } from "../runs/run-resume.ts";
import { addRunShow } from "../runs/run-show.ts";
import { addRunAnswer, addRunCancel, addRunRetry } from "../runs/run-words.ts";
import { addPlanCommands } from "./plan.ts";
import { addPlanGraph } from "./plan-graph.ts";
import { addPlanValidate } from "./plan-validate.ts";

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
