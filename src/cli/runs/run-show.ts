import type { Command } from "commander";
import { findRun } from "../../actions/runs/find-run.ts";
import { readRun } from "../../actions/runs/read-run.ts";
import type { Run, Step } from "../../domain/plans/run.ts";
import type { RunWithSteps } from "../../domain/plans/run-progress.ts";
import { runName } from "../../wire/ids.ts";
import { viewRunDetail } from "../../wire/plans/runs.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { remarkNoWorker } from "../doctor/workers-alive.ts";
import { wholeNumber } from "../options.ts";
import { parseGiven } from "../parse-given.ts";
import { plain, plainLine } from "../screen/plain.ts";
import { makeScreen, type Screen } from "../screen/screen.ts";
import { facts, table } from "../screen/table.ts";
import { age, shortId, statusWord } from "../screen/wording.ts";
import { answerCommand, asksPeople, tookWords, waitWords } from "./run-wording.ts";

interface Options {
  readonly limit: number;
  readonly after?: number;
  readonly json?: boolean;
}

export function addRunShow(run: Command, cli: Cli): void {
  run
    .command("show")
    .description("Show a run and its steps.")
    .argument("<id>", "its id, or how it ends")
    .option("-n, --limit <number>", "how many steps", wholeNumber(10_000), 250)
    .option("--after <position>", "only the steps after this one of the plan", wholeNumber(1_000_000))
    .action((id: string, options: Options) => show(cli, id, options));
}

async function show(cli: Cli, id: string, options: Options): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(runName, id);
  await withAssembly(cli.open, async ({ services }) => {
    const run = await findRun(services, name);
    const found = await readRun(services, run, { after: options.after ?? 0, limit: options.limit });
    const { steps, next } = found;
    if (screen.json) return screen.printJson(viewRunDetail(found));
    screen.print(`${particulars(screen, found)}\n\n${stepTable(screen, steps)}`);
    for (const step of steps) {
      if (step.waitsFor !== null && asksPeople(step.waitsFor)) {
        screen.print(`  ${answerCommand(run, step.key, step.waitsFor)}`);
      }
    }
    if (next !== null) screen.remark(`There are more steps: --after ${next}`);
    if (run.finishedAt === null) await remarkNoWorker(services, screen);
  });
}

function particulars(screen: Screen, { run, counts, spent }: RunWithSteps): string {
  const { costUsd, inputTokens, outputTokens } = spent;
  const tokens = inputTokens + outputTokens;
  const byStatus = Object.entries(counts).map(([status, count]) => `${count} ${status}`);
  return facts(screen, [
    ["id", run.id],
    ["status", `${statusWord(screen, run.status)} for ${age(run.movedAt)}`],
    ["will end", run.finishedAt === null ? run.ending : null],
    ["stage", run.stage],
    ["failure", run.failureMessage === null ? null : plain(run.failureMessage)],
    ["plan", `${run.planId} (${run.planHash.slice(0, 12)})`],
    ["steps", `${run.total - run.unfinished} of ${run.total} have ended: ${byStatus.join(", ")}`],
    ["folder", folderWords(run)],
    ["variables", Object.keys(run.variables).sort().join(", ") || null],
    ["agent", run.agent === null ? null : plainLine(run.agent)],
    ["change", run.changeId === null ? null : shortId(run.changeId)],
    ["started by", run.startedBy === null ? null : plainLine(run.startedBy)],
    ["cost", tokens === 0 && !costUsd ? null : `$${(costUsd ?? 0).toFixed(2)}, ${tokens} tokens`],
    ["version", String(run.version)],
    ["created", run.createdAt.toISOString()],
    ["finished", run.finishedAt?.toISOString() ?? null],
  ]);
}

function folderWords({ changeId, folder }: Run): string {
  if (changeId !== null) return "its change's checkout";
  return folder === null ? "an empty one of its own" : plainLine(folder, 500);
}

function stepTable(screen: Screen, steps: readonly Step[]): string {
  const widest = Math.max(4, ...steps.map(({ key }) => key.length));
  const room = Math.max(20, screen.columns - widest - 2 - 12 - 10 - 12);
  const rows = steps.map((step) => [
    step.key,
    statusWord(screen, step.status),
    step.attempt === 0 ? "" : String(step.attempt),
    duration(step),
    plainLine(aboutStep(step), room),
  ]);
  return table(screen, ["STEP", "STATUS", "ATTEMPTS", "TOOK", ""], rows);
}

function duration({ status, startedAt, finishedAt }: Step): string {
  if (startedAt === null || status === "pending") return "";
  if (status === "running") return tookWords(Date.now() - startedAt.getTime());
  return finishedAt === null ? "" : tookWords(finishedAt.getTime() - startedAt.getTime());
}

function aboutStep({ waitsFor, waitsUntil, failureMessage, round }: Step): string {
  const waits = waitsFor === null ? "" : `waits for ${waitWords(waitsFor, waitsUntil)}`;
  return [round > 1 ? `round ${round}` : "", waits, failureMessage ?? ""].filter((said) => said !== "").join("; ");
}
