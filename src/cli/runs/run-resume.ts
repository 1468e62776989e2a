import type { Command } from "commander";
import { findRun } from "../../actions/runs/find-run.ts";
import { runName } from "../../wire/ids.ts";
import { standingOfRun } from "../changes/read-news.ts";
import type { Cli } from "../cli.ts";
import { parseGiven } from "../parse-given.ts";
import { makeScreen } from "../screen/screen.ts";
import { shortId, statusWord } from "../screen/wording.ts";
import { withWorker } from "../with-worker.ts";
import { followRun } from "./follow-run.ts";
import { runDocument } from "./run-views.ts";
import { stepsIn } from "./run-wording.ts";

export function addRunResume(run: Command, cli: Cli): void {
  run
    .command("resume")
    .description("Follow a run again, to its end. Where no worker is running, this command does the work itself.")
    .argument("<id>", "its id, or how it ends")
    .action((id: string, options: { json?: boolean }) => resume(cli, id, options));
}

async function resume(cli: Cli, id: string, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(runName, id);
  await withWorker(cli, async ({ services }, ownWorker, interrupted) => {
    const found = await findRun(services, name);
    // What happens from here on is shown; where it stands by now is in the rows that are read after this.
    const since = await standingOfRun(services.sql, found.id);
    const run = await findRun(services, { id: found.id });
    const ended = run.total - run.unfinished;
    if (screen.json) screen.printJson(runDocument(run));
    else {
      const stands = `${statusWord(screen, run.status)}: ${ended} of ${stepsIn(run.total)} have ended`;
      screen.print(`${screen.colours.bold(shortId(run.id))} is a run of ${run.planId}, ${stands}`);
    }
    await followRun({ services, screen, ownWorker }, { run, since }, interrupted);
  });
}
