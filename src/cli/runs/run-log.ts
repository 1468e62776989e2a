import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import { findRun, needStep } from "../../actions/runs/find-run.ts";
import { type RunLogPage, readRunLog } from "../../actions/runs/read-run-log.ts";
import type { Services } from "../../actions/services.ts";
import type { Run } from "../../domain/plans/run.ts";
import { runName } from "../../wire/ids.ts";
import { logLine } from "../changes/log-line.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { remarkNoWorker } from "../doctor/workers-alive.ts";
import { parseGiven } from "../parse-given.ts";
import { makeScreen, type Screen } from "../screen/screen.ts";

interface Options {
  readonly follow?: boolean;
  readonly json?: boolean;
}

interface Wanted {
  readonly run: Run;
  /** Null: of all steps. */
  readonly step: string | null;
  readonly readsOn: boolean;
}

export function addRunLog(run: Command, cli: Cli): void {
  run
    .command("log")
    .description("Show what the steps of a run have written, as they wrote it.")
    .argument("<id>", "its id, or how it ends")
    .argument("[step]", "only of this step")
    .option("-f, --follow", "go on until the run has ended")
    .action((id: string, step: string | undefined, options: Options) => log(cli, { id, step }, options));
}

async function log(cli: Cli, given: { id: string; step: string | undefined }, options: Options): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(runName, given.id);
  const step = given.step ?? null;
  await withAssembly(cli.open, async ({ services }, interrupted) => {
    const run = await findRun(services, name);
    if (step !== null) await needStep(services, run.id, step);
    if (options.follow === true) {
      if (run.finishedAt === null) await remarkNoWorker(services, screen);
      for await (const page of comingPages(services, { run, step, readsOn: true }, interrupted)) print(screen, page);
      return;
    }
    const whole = { run, step, readsOn: false };
    if (!screen.json) {
      for await (const page of pages(services, whole, 0)) print(screen, page);
      return;
    }
    const all = await Array.fromAsync(pages(services, whole, 0));
    screen.printJson({ entries: all.flatMap(({ entries }) => entries), last_seq: all.at(-1)?.lastSeq ?? 0 });
  });
}

/** One document a line with --json. */
function print(screen: Screen, { entries }: RunLogPage): void {
  for (const entry of entries) {
    if (screen.json) screen.printJson({ type: "log", ...entry });
    else for (const line of entry.lines) screen.print(logLine(screen, entry.step, line));
  }
}

async function* pages(services: Services, { run, ...wanted }: Wanted, after: number): AsyncGenerator<RunLogPage> {
  for (let afterSeq = after; ; ) {
    const page = await readRunLog(services, run, { ...wanted, afterSeq, limit: 200 });
    if (page.entries.length === 0) return;
    yield page;
    afterSeq = page.lastSeq;
  }
}

const pollMs = 250;

async function* comingPages(services: Services, wanted: Wanted, interrupted: AbortSignal): AsyncGenerator<RunLogPage> {
  let afterSeq = 0;
  for (;;) {
    interrupted.throwIfAborted();
    // The run first: all that it has written is there when it has ended.
    const run = await findRun(services, { id: wanted.run.id });
    for await (const page of pages(services, { ...wanted, run }, afterSeq)) {
      yield page;
      afterSeq = page.lastSeq;
    }
    if (run.finishedAt !== null) return;
    await delay(pollMs, undefined, { signal: interrupted });
  }
}
