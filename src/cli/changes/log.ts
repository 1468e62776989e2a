import type { Command } from "commander";
import { findChange } from "../../actions/changes/find-change.ts";
import { type LogPage, readLog } from "../../actions/processes/read-log.ts";
import type { Services } from "../../actions/services.ts";
import type { Change } from "../../domain/change.ts";
import { changeName } from "../../wire/ids.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { parseGiven } from "../parse-given.ts";
import { plain } from "../screen/plain.ts";
import { makeScreen, type Screen } from "../screen/screen.ts";
import { follow } from "./follow.ts";
import { logLine } from "./log-line.ts";
import { nothingSeen } from "./watch-change.ts";

interface Options {
  readonly follow?: boolean;
  readonly raw?: boolean;
  readonly json?: boolean;
}

export function addLog(program: Command, cli: Cli): void {
  program
    .command("log")
    .description("Show what a change's setup, agent and preview have written.")
    .argument("<id>", "its id, or how it ends")
    .option("-f, --follow", "go on until it is deployed, merged, rejected or failed")
    .option("--raw", "as the processes wrote it, not what an agent's lines mean")
    .action((id: string, options: Options) => log(cli, id, options));
}

async function log(cli: Cli, id: string, options: Options): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(changeName, id);
  const raw = options.raw === true;
  await withAssembly(cli.open, async ({ services }, interrupted) => {
    const change = await findChange(services, name);
    if (options.follow === true) {
      return await follow(services, { change, screen, raw, since: nothingSeen }, interrupted);
    }
    if (screen.json) return await printDocument(services, { change, screen, raw });
    for await (const { entries } of pages(services, change, raw)) {
      interrupted.throwIfAborted();
      for (const { process, lines } of entries) {
        for (const line of lines) screen.print(raw ? plain(line.text) : logLine(screen, process, line));
      }
    }
  });
}

async function printDocument(
  services: Services,
  { change, screen, raw }: { change: Change; screen: Screen; raw: boolean },
): Promise<void> {
  const all = await Array.fromAsync(pages(services, change, raw));
  screen.printJson({
    entries: all.flatMap(({ entries }) => entries),
    last_seq: all.at(-1)?.lastSeq ?? 0,
  });
}

async function* pages(services: Services, change: Change, raw: boolean): AsyncGenerator<LogPage> {
  for (let afterSeq = 0; ; ) {
    const page = await readLog(services, change, { afterSeq, limit: 200, raw });
    if (page.entries.length === 0) return;
    yield page;
    afterSeq = page.lastSeq;
  }
}
