import { closeSync, openSync, writeSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { type Command, Option } from "commander";
import { type RunRequest, startRun } from "../../actions/runs/start-run.ts";
import type { Event } from "../../domain/event.ts";
import { GivenInvalid, OutputUnwritable } from "../../domain/faults/cli.ts";
import { FolderMissing } from "../../domain/faults/environments.ts";
import { viewEvent } from "../../wire/events.ts";
import { runRequest, runVariables } from "../../wire/plans/run-requests.ts";
import { viewRun } from "../../wire/plans/runs.ts";
import { nothingOfRun } from "../changes/read-news.ts";
import type { Cli } from "../cli.ts";
import { remarkNoWorker } from "../doctor/workers-alive.ts";
import { parseGiven } from "../parse-given.ts";
import { planArgument, planSource } from "../plans/plan-source.ts";
import { makeScreen } from "../screen/screen.ts";
import { shortId, user } from "../screen/wording.ts";
import { withWorker } from "../with-worker.ts";
import { followRun } from "./follow-run.ts";
import { runDocument } from "./run-views.ts";
import { stepsIn } from "./run-wording.ts";

interface Options {
  readonly var: readonly string[];
  readonly folder: string;
  readonly agent?: string;
  readonly detach?: boolean;
  readonly events?: string;
  readonly json?: boolean;
}

export function addPlanRun(plan: Command, cli: Cli): void {
  plan
    .command("run")
    .summary("Run a plan in this folder, and follow it to its end.")
    .description(
      "Run a plan in this folder, and follow it to its end. It is checked whole before anything starts. Where no " +
        "worker is running, this command does the work itself.",
    )
    .argument("<plan>", planArgument)
    .option("--var <name=value>", "a variable of the plan; may be given more than once", collect, [])
    .option("-C, --folder <folder>", "where its commands work", ".")
    .option("-a, --agent <name>", "for agent steps that name none: claude, command or scripted")
    .addOption(new Option("--detach", "don't follow it").conflicts("events"))
    .option("--events <file>", "write the events there as they come, one JSON document a line")
    .action((given: string, options: Options) => run(cli, given, options));
}

const collect = (text: string, before: readonly string[]) => [...before, text];
const limits = runRequest.pick({ agent: true });

async function run(cli: Cli, given: string, options: Options): Promise<void> {
  const screen = makeScreen(options);
  const variables = parseGiven(runVariables, variablesIn(options.var));
  const { agent } = parseGiven(limits, { agent: options.agent });
  const source = await planSource(screen, given);
  const folder = await folderAt(options.folder);
  const events = options.events === undefined ? null : eventFile(options.events);
  const by = user();
  const request: RunRequest = {
    plan: "plan" in source ? source.plan : source.planId,
    variables,
    folder,
    agent,
    startedBy: by,
    idempotencyKey: null,
  };
  try {
    await withWorker(cli, async ({ services }, ownWorker, interrupted) => {
      const { run } = await startRun(services, request);
      if (options.detach === true && screen.json) return screen.printJson(viewRun(run));
      if (screen.json) screen.printJson(runDocument(run));
      else screen.print(`${screen.colours.bold(shortId(run.id))} is a run of ${run.planId}, ${stepsIn(run.total)}`);
      if (options.detach === true) {
        screen.print(`  npx fairlead run resume ${shortId(run.id)}   follows it`);
        return await remarkNoWorker(services, screen);
      }
      const followed = { run, since: nothingOfRun, onEvent: events?.write };
      await followRun({ services, screen, ownWorker }, followed, interrupted);
    });
  } finally {
    events?.close();
  }
}

/** `["BRANCH=main"]` as `{BRANCH: "main"}`. What stands behind the sign may be secret, and is in no message. */
function variablesIn(given: readonly string[]): Record<string, string> {
  const variables = new Map<string, string>();
  const problems: string[] = [];
  for (const text of given) {
    const [, name, value] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined) {
      const what = /^\w{1,64}$/.test(text) ? `--var ${text}` : "one --var";
      problems.push(`${what} has no "=" in it: write --var NAME=VALUE`);
    } else if (name === "") problems.push('one --var has no name before its "=": write --var NAME=VALUE');
    else if (variables.has(name)) problems.push(`--var ${name} is given twice`);
    else variables.set(name, value);
  }
  if (problems.length > 0) throw new GivenInvalid(problems);
  return Object.fromEntries(variables);
}

async function folderAt(path: string): Promise<string> {
  const folder = await realpath(path).catch(() => null);
  if (folder === null || !(await stat(folder)).isDirectory()) throw new FolderMissing(path);
  return folder;
}

/** Each event is in the file before anything else is done: it is there also for what ends this process. */
function eventFile(path: string): { write(event: Event): void; close(): void } {
  const unwritable = <Result>(write: () => Result): Result => {
    try {
      return write();
    } catch (error) {
      throw new OutputUnwritable(error instanceof Error ? error.message : String(error));
    }
  };
  const file = unwritable(() => openSync(path, "w"));
  let open = true;
  return {
    write(event) {
      // Who is interrupted may still be told of an event; the number is somebody else's by then.
      if (open) unwritable(() => writeSync(file, `${JSON.stringify(viewEvent(event))}\n`));
    },
    close() {
      open = false;
      closeSync(file);
    },
  };
}
