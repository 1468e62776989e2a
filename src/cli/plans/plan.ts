import type { Command } from "commander";
import { addPlan as register } from "../../actions/runs/add-plan.ts";
import { needPlan } from "../../actions/runs/need-plan.ts";
import { drawPlan } from "../../domain/plans/draw-plan.ts";
import type { PlanVariable } from "../../domain/plans/plan.ts";
import type { RegisteredPlan } from "../../domain/plans/registered-plan.ts";
import { listPlans } from "../../store/runs/plans.ts";
import { planId } from "../../wire/ids.ts";
import { planJsonSchema } from "../../wire/plans/plan-schema.ts";
import { viewPlan, viewPlanRow } from "../../wire/plans/plans.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { parseGiven } from "../parse-given.ts";
import { stepsIn } from "../runs/run-wording.ts";
import { plain, plainLine } from "../screen/plain.ts";
import { makeScreen, type Screen } from "../screen/screen.ts";
import { facts, table } from "../screen/table.ts";
import { age } from "../screen/wording.ts";
import { planInFile } from "./plan-source.ts";

const most = 1000;

export function addPlanCommands(plan: Command, cli: Cli): void {
  plan
    .command("schema")
    .description("Print the JSON Schema of plan files, by which editors complete and check them. Needs no database.")
    .action((options: { json?: boolean }) => schema(options));
  plan
    .command("add")
    .description("Register a plan: from then on it is the one that its id means, in SQL and for the API too.")
    .argument("<file>", "a plan file; - is standard input")
    .action((file: string, options: { json?: boolean }) => add(cli, file, options));
  plan
    .command("ls")
    .description("List the plans that are registered.")
    .action((options: { json?: boolean }) => ls(cli, options));
  plan
    .command("show")
    .description("Show a registered plan.")
    .argument("<plan_id>")
    .action((id: string, options: { json?: boolean }) => show(cli, id, options));
}

function schema(options: { json?: boolean }): void {
  const screen = makeScreen(options);
  if (screen.json) screen.printJson(planJsonSchema);
  else screen.print(JSON.stringify(planJsonSchema, null, 2));
}

async function add(cli: Cli, file: string, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  const plan = await planInFile(screen, file);
  await withAssembly(cli.open, async ({ services }) => {
    const added = await register(services, plan);
    if (screen.json) return screen.printJson(viewPlan(added));
    screen.print(`${added.planId} is registered: version ${plainLine(added.version)}, ${stepsIn(added.steps)}`);
    screen.print(`  npx fairlead plan run ${added.planId}   runs it in this folder`);
  });
}

async function ls(cli: Cli, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  await withAssembly(cli.open, async ({ services }) => {
    const plans = await listPlans(services.sql, most);
    if (screen.json) return screen.printJson({ plans: plans.map(viewPlanRow) });
    if (plans.length === 0) return screen.remark("No plans. Add one: npx fairlead plan add FILE");
    const rows = plans.map((plan) => [
      plan.planId,
      plainLine(plan.version, 30),
      String(plan.steps),
      `${age(plan.registeredAt)} ago`,
    ]);
    screen.print(table(screen, ["PLAN", "VERSION", "STEPS", "REGISTERED"], rows));
  });
}

async function show(cli: Cli, given: string, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  const id = parseGiven(planId, given);
  await withAssembly(cli.open, async ({ services }) => {
    const plan = await needPlan(services, id);
    if (screen.json) return screen.printJson(viewPlan(plan));
    screen.print(`${particulars(screen, plan)}\n\n${plain(drawPlan(plan.document, "tree"))}`);
  });
}

function particulars(screen: Screen, { planId, hash, registeredAt, document }: RegisteredPlan): string {
  const { project, phase_id } = document.metadata;
  return facts(screen, [
    ["plan", planId],
    ["version", plainLine(document.version)],
    ["project", project === undefined ? null : plainLine(project)],
    ["phase", phase_id === undefined ? null : plainLine(phase_id)],
    ["variables", document.variables.map(variableWords).join("\n") || null],
    ["at once", `${document.globals.max_concurrency} steps`],
    ["hash", hash.slice(0, 12)],
    ["registered", registeredAt.toISOString()],
  ]);
}

function variableWords({ name, required, default: otherwise, description }: PlanVariable): string {
  const what = description === null ? "" : `: ${plainLine(description, 100)}`;
  const unless = required ? " (required)" : otherwise === null ? "" : ` (${plainLine(otherwise, 60)})`;
  return `${name}${unless}${what}`;
}
