import type { Command } from "commander";
import { type Decision, decisions } from "../actions/decide-change.ts";
import { findChange } from "../actions/find-change.ts";
import type { Change } from "../domain/change.ts";
import { viewChange, word } from "../wire/changes.ts";
import { changeName } from "../wire/ids.ts";
import { type Cli, withAssembly } from "./cli.ts";
import { wholeNumber } from "./options.ts";
import { parseGiven } from "./parse-given.ts";
import { plainLine } from "./plain.ts";
import { makeScreen, type Screen } from "./screen.ts";
import { shortId, statusWord, user } from "./wording.ts";

interface Options {
  readonly note?: string;
  readonly version?: number;
  readonly json?: boolean;
}

const does = {
  approve: "Say yes to a change: it is merged.",
  reject: "Say no to a change: its branch and its environment are removed.",
  cancel: "Stop a change that is still going on.",
  retry: "Try a failed change again, from what it had pushed.",
} as const satisfies Record<Decision, string>;

export function addDecision(program: Command, cli: Cli, decision: Decision): void {
  const command = program
    .command(decision)
    .description(does[decision])
    .argument("<id>", "its id, or how it ends")
    .option("--version <number>", "only if it is still at this version, the one you saw", wholeNumber(2 ** 31 - 1));
  if (decision !== "retry") command.option("--note <text>", "why, for whoever asked");
  command.action((id: string, options: Options) => decide(cli, decision, id, options));
}

async function decide(cli: Cli, decision: Decision, id: string, options: Options): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(changeName, id);
  const given = parseGiven(word, { version: options.version, note: options.note });
  await withAssembly(cli.open, async ({ services }) => {
    const seen = await findChange(services, name);
    const change = await decisions[decision](services, {
      id: seen.id,
      by: user(),
      note: given.note,
      seenVersion: given.version,
    });
    printDecided(screen, change);
  });
}

/** What a person's word has come to. */
export function printDecided(screen: Screen, change: Change): void {
  if (screen.json) screen.printJson(viewChange(change));
  else screen.print(`${shortId(change.id)} is ${statusWord(screen, change.status)}: ${plainLine(change.requestText)}`);
}
