import type { Command } from "commander";
import { answerRun, cancelRun, retryRun } from "../../actions/runs/decide-run.ts";
import { findRun } from "../../actions/runs/find-run.ts";
import { MoveIllegal } from "../../domain/faults/kernel.ts";
import { faultOf } from "../../store/sql.ts";
import { runName } from "../../wire/ids.ts";
import { runAnswer, runCancellation, runRetry } from "../../wire/plans/run-requests.ts";
import { viewRun, viewStep } from "../../wire/plans/runs.ts";
import { standingOfRun } from "../changes/read-news.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { remarkNoWorker } from "../doctor/workers-alive.ts";
import { wholeNumber } from "../options.ts";
import { parseGiven } from "../parse-given.ts";
import { plainLine } from "../screen/plain.ts";
import { makeScreen } from "../screen/screen.ts";
import { shortId, statusWord, user } from "../screen/wording.ts";
import { withWorker } from "../with-worker.ts";
import { followRun } from "./follow-run.ts";
import { runDocument } from "./run-views.ts";

const versions = wholeNumber(2 ** 31 - 1);

interface Cancel {
  readonly note?: string;
  readonly now?: boolean;
  readonly version?: number;
  readonly json?: boolean;
}

export function addRunCancel(run: Command, cli: Cli): void {
  run
    .command("cancel")
    .description("Stop a run. What is there for failures still runs, unless you say --now or cancel it twice.")
    .argument("<id>", "its id, or how it ends")
    .option("--note <text>", "why, for whoever started it")
    .option("--now", "also stop what is there for failures")
    .option("--version <number>", "only if it is still at this version, the one you saw", versions)
    .action((id: string, options: Cancel) => cancel(cli, id, options));
}

async function cancel(cli: Cli, id: string, options: Cancel): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(runName, id);
  const { note, version, now: at_once } = options;
  const given = parseGiven(runCancellation, { note, version, at_once });
  await withAssembly(cli.open, async ({ services }) => {
    const seen = await findRun(services, name);
    const word = { id: seen.id, by: user(), note: given.note, seenVersion: given.version };
    const run = await cancelRun(services, word, given.at_once);
    if (screen.json) return screen.printJson(viewRun(run));
    const id = shortId(run.id);
    if (run.finishedAt !== null) {
      return screen.print(`${id} is cancelled\n  npx fairlead run retry ${id}   goes on with it`);
    }
    screen.print(`${id} is being cancelled: what runs is stopped first\n  npx fairlead run resume ${id}   follows it`);
    await remarkNoWorker(services, screen);
  });
}

interface Retry {
  readonly from?: string;
  readonly follow?: boolean;
  readonly version?: number;
  readonly json?: boolean;
}

export function addRunRetry(run: Command, cli: Cli): void {
  run
    .command("retry")
    .description("Begin a run that has ended once more. What succeeded stays.")
    .argument("<id>", "its id, or how it ends")
    .option("--from <step>", "do this step and all that depends on it anew, even where they succeeded")
    .option("--follow", "follow it to its end")
    .option("--version <number>", "only if it is still at this version, the one you saw", versions)
    .action((id: string, options: Retry) => retry(cli, id, options));
}

async function retry(cli: Cli, id: string, options: Retry): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(runName, id);
  const given = parseGiven(runRetry, { from: options.from, version: options.version });
  await withWorker(cli, async ({ services }, ownWorker, interrupted) => {
    const seen = await findRun(services, name);
    const since = await standingOfRun(services.sql, seen.id);
    const word = { id: seen.id, by: user(), note: null, seenVersion: given.version };
    const run = await retryRun(services, word, given.from);
    const follows = options.follow === true;
    if (screen.json) screen.printJson(follows ? runDocument(run) : viewRun(run));
    else screen.print(`${shortId(run.id)} begins again, with ${run.unfinished} of its ${run.total} steps`);
    if (follows) return await followRun({ services, screen, ownWorker }, { run, since }, interrupted);
    if (!screen.json) screen.print(`  npx fairlead run resume ${shortId(run.id)}   follows it`);
    await remarkNoWorker(services, screen);
  });
}

interface Answer {
  readonly step?: string;
  readonly note?: string;
  readonly version?: number;
  readonly json?: boolean;
}

export function addRunAnswer(run: Command, cli: Cli): void {
  run
    .command("answer")
    .description("Answer a step that waits for a person.")
    .argument("<id>", "the run's id, or how it ends")
    .argument("<word...>", "approve, reject, one of the choices, or an answer in words")
    .option("--step <step>", "which step, where more than one asks")
    .option("--note <text>", "why")
    .option("--version <number>", "only if the step is still at this version, the one you saw", versions)
    .action((id: string, words: string[], options: Answer) => answer(cli, id, words, options));
}

async function answer(cli: Cli, id: string, words: readonly string[], options: Answer): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(runName, id);
  const { step, note, version } = options;
  const given = parseGiven(runAnswer, { word: words.join(" "), step, note, version });
  await withAssembly(cli.open, async ({ services }) => {
    const run = await findRun(services, name);
    const { version: seenVersion, ...words } = given;
    const said = { ...words, runId: run.id, by: user(), seenVersion };
    const answered = await answerRun(services, said).catch((raised: unknown) => {
      const error = faultOf(raised);
      if (screen.json || !(error instanceof MoveIllegal)) throw error;
      const where =
        given.step === null ? `${shortId(run.id)} waits for nobody's word` : `${given.step} asks nothing now`;
      const advice = `\`fairlead run show ${shortId(run.id)}\` shows how it stands`;
      throw new MoveIllegal(`${where}: ${advice}`, error.details, { cause: error });
    });
    if (screen.json) return screen.printJson(viewStep(answered));
    screen.print(`${answered.key} has ${statusWord(screen, answered.status)}: ${plainLine(given.word)}`);
    await remarkNoWorker(services, screen);
  });
}
