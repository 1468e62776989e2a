import { type Command, InvalidArgumentError } from "commander";
import { needPlan } from "../../actions/runs/need-plan.ts";
import type { RunStatus } from "../../domain/lifecycles.ts";
import type { Run, RunId } from "../../domain/plans/run.ts";
import { isPlanKnown } from "../../store/runs/plans.ts";
import { listRuns } from "../../store/runs/runs.ts";
import { planId, runId } from "../../wire/ids.ts";
import { runStatuses, viewRun } from "../../wire/plans/runs.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { remarkNoWorker } from "../doctor/workers-alive.ts";
import { wholeNumber } from "../options.ts";
import { parseGiven } from "../parse-given.ts";
import { plainLine } from "../screen/plain.ts";
import { makeScreen, type Screen } from "../screen/screen.ts";
import { table } from "../screen/table.ts";
import { age, shortId, statusWord } from "../screen/wording.ts";

interface Options {
  readonly plan?: string;
  readonly status?: readonly RunStatus[];
  readonly before?: RunId;
  readonly limit: number;
  readonly json?: boolean;
}

export function addRunLs(run: Command, cli: Cli): void {
  run
    .command("ls")
    .description("List runs of plans, newest first.")
    .option("--plan <plan_id>", "only of this plan")
    .option("-s, --status <statuses>", `only in these, with commas between: ${runStatuses.join(", ")}`, parseStatuses)
    .option("-n, --limit <number>", "how many", wholeNumber(250), 20)
    .option("--before <id>", "only those older than this one: the page after it", parseId)
    .action((options: Options) => ls(cli, options));
}

async function ls(cli: Cli, options: Options): Promise<void> {
  const screen = makeScreen(options);
  const plan = options.plan === undefined ? undefined : parseGiven(planId, options.plan);
  await withAssembly(cli.open, async ({ services }) => {
    // A mistyped name would otherwise look like an empty list.
    if (plan !== undefined && !(await isPlanKnown(services.sql, plan))) await needPlan(services, plan);
    const { status: statuses, before, limit } = options;
    const found = await listRuns(services.sql, { planId: plan, statuses, before, limit: limit + 1 });
    const runs = found.slice(0, limit);
    const next = found.length > limit ? (runs.at(-1)?.id ?? null) : null;
    if (screen.json) return screen.printJson({ runs: runs.map(viewRun), next });
    const isChosen = [plan, statuses, before].some((choice) => choice !== undefined);
    if (runs.length === 0) return screen.remark(isChosen ? "None." : "No runs. Start one: npx fairlead plan run FILE");
    screen.print(board(screen, runs));
    if (next !== null) screen.remark(`There are older ones: --before ${next}`);
    if (runs.some(({ finishedAt }) => finishedAt === null)) await remarkNoWorker(services, screen);
  });
}

function board(screen: Screen, runs: readonly Run[]): string {
  const rows = runs.map((run) => [
    shortId(run.id),
    statusWord(screen, run.status),
    age(run.movedAt),
    run.planId,
    `${run.total - run.unfinished}/${run.total}`,
    run.stage ?? "",
    plainLine(run.failureMessage ?? run.folder ?? "", 60),
  ]);
  return table(screen, ["ID", "STATUS", "FOR", "PLAN", "STEPS", "STAGE", ""], rows);
}

function parseStatuses(text: string): readonly RunStatus[] {
  return text.split(",").map((word) => {
    const status = runStatuses.find((one) => one === word.trim());
    if (status === undefined) throw new InvalidArgumentError(`"${word}" is none of ${runStatuses.join(", ")}.`);
    return status;
  });
}

function parseId(text: string): RunId {
  const parsed = runId.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError("It takes a whole id, as `next` of --json gives it.");
  return parsed.data;
}
