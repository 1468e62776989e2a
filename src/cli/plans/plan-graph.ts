import { type Command, Option } from "commander";
import { type Drawing, drawings, drawPlan } from "../../domain/plans/draw-plan.ts";
import type { Cli } from "../cli.ts";
import { plain } from "../screen/plain.ts";
import { makeScreen } from "../screen/screen.ts";
import { givenPlan, planArgument } from "./plan-source.ts";

interface Options {
  readonly format: Drawing;
  readonly json?: boolean;
}

export function addPlanGraph(plan: Command, cli: Cli): void {
  plan
    .command("graph")
    .description("Draw which step comes after which. Of a file it needs no database.")
    .argument("<plan>", planArgument)
    .addOption(new Option("--format <format>", "how it is drawn").choices(drawings).default("tree"))
    .action((given: string, options: Options) => graph(cli, given, options));
}

async function graph(cli: Cli, given: string, options: Options): Promise<void> {
  const screen = makeScreen(options);
  const plan = await givenPlan(cli, screen, given);
  const drawn = drawPlan(plan, options.format);
  if (screen.json) return screen.printJson({ plan_id: plan.plan_id, format: options.format, graph: drawn });
  screen.print(plain(drawn));
}
