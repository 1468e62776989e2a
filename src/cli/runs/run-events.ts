import type { Command } from "commander";
import { findRun } from "../../actions/runs/find-run.ts";
import type { Services } from "../../actions/services.ts";
import type { Event } from "../../domain/event.ts";
import type { RunId } from "../../domain/plans/run.ts";
import { eventsOf } from "../../store/events.ts";
import { viewEvent } from "../../wire/events.ts";
import { runName } from "../../wire/ids.ts";
import { eventWords } from "../changes/event-words.ts";
import { nothingSeen } from "../changes/watch-change.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { parseGiven } from "../parse-given.ts";
import { plainLine } from "../screen/plain.ts";
import { makeScreen } from "../screen/screen.ts";

interface Options {
  readonly jsonl?: boolean;
  readonly json?: boolean;
}

export function addRunEvents(run: Command, cli: Cli): void {
  run
    .command("events")
    .description("Show what has happened to a run and its steps, oldest first.")
    .argument("<id>", "its id, or how it ends")
    .option("--jsonl", "one JSON document a line, as the API has it")
    .action((id: string, options: Options) => events(cli, id, options));
}

async function events(cli: Cli, id: string, options: Options): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(runName, id);
  await withAssembly(cli.open, async ({ services }, interrupted) => {
    const run = await findRun(services, name);
    if (options.jsonl !== true && screen.json) {
      const all = await Array.fromAsync(pages(services, run.id));
      return screen.printJson({ events: all.flat().map(viewEvent), next: null });
    }
    for await (const page of pages(services, run.id)) {
      interrupted.throwIfAborted();
      for (const event of page) {
        const words = eventWords(event);
        if (options.jsonl === true) screen.printJson(viewEvent(event));
        else if (words !== null) screen.print(`${event.at.toISOString()} ${plainLine(words, 300)}`);
      }
    }
  });
}

const pageSize = 500;

async function* pages({ sql }: Services, runId: RunId): AsyncGenerator<Event[]> {
  for (let after = nothingSeen.cursor; ; ) {
    const page = await eventsOf(sql, { runId }, { after, limit: pageSize });
    if (page.length > 0) yield page;
    if (page.length < pageSize) return;
    after = page.at(-1)?.cursor ?? after;
  }
}
