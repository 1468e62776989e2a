import type { Command } from "commander";
import { type Decision, decisions } from "../../actions/changes/decide-change.ts";
import { findChange } from "../../actions/changes/find-change.ts";
import { word } from "../../wire/changes.ts";
import { changeName } from "../../wire/ids.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { wholeNumber } from "../options.ts";
import { parseGiven } from "../parse-given.ts";
import { passOn } from "../pass-on.ts";
import { makeScreen } from "../screen/screen.ts";
import { user } from "../screen/wording.ts";

interface Options {
  readonly note?: string;
  readonly version?: number;
  readonly watch?: boolean;
  readonly json?: boolean;
}

const does = {
  approve: "Say yes to a change: it is merged.",
  reject: "Say no to a change: its branch and its environment are removed.",
  cancel: "Stop a change that is still going on. What it has pushed stays.",
  retry: "Try a failed change again, from what it had pushed.",
} as const satisfies Record<Decision, string>;

const follows = {
  approve: "follow it until it is merged or fails",
  reject: null,
  cancel: null,
  retry: "follow it until it is deployed or fails",
} as const satisfies Record<Decision, string | null>;

export function addDecision(program: Command, cli: Cli, decision: Decision): void {
  const command = program
    .command(decision)
    .description(does[decision])
    .argument("<id>", "its id, or how it ends")
    .option("--version <number>", "only if it is still at this version, the one you saw", wholeNumber(2 ** 31 - 1));
  if (decision !== "retry") command.option("--note <text>", "why, for whoever asked");
  const following = follows[decision];
  if (following !== null) command.option("--watch", following);
  command.action((id: string, options: Options) => decide(cli, decision, id, options));
}

async function decide(cli: Cli, decision: Decision, id: string, options: Options): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(changeName, id);
  const given = parseGiven(word, { version: options.version, note: options.note });
  await withAssembly(cli.open, async ({ services }, interrupted) => {
    const seen = await findChange(services, name);
    const said = { id: seen.id, by: user(), note: given.note, seenVersion: given.version };
    const say = () => decisions[decision](services, said);
    await passOn(services, screen, { verb: decision, seen, say, watch: options.watch === true }, interrupted);
  });
}
