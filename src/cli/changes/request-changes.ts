import { type Command, InvalidArgumentError } from "commander";
import { requestChanges } from "../../actions/changes/decide-change.ts";
import { findChange } from "../../actions/changes/find-change.ts";
import type { Comment } from "../../domain/change.ts";
import { changeName } from "../../wire/ids.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { wholeNumber } from "../options.ts";
import { parseGiven } from "../parse-given.ts";
import { passOn } from "../pass-on.ts";
import { makeScreen } from "../screen/screen.ts";
import { user } from "../screen/wording.ts";

interface Options {
  readonly text?: string;
  readonly comment?: readonly Comment[];
  readonly version?: number;
  readonly watch?: boolean;
  readonly json?: boolean;
}

export function addRequestChanges(program: Command, cli: Cli): void {
  program
    .command("request-changes")
    .description("Ask for one more round of a deployed change, on the same branch.")
    .argument("<id>", "its id, or how it ends")
    .option("--text <text>", "what to change")
    .option("--comment <file:line:text>", "a remark on a place; may be given more than once", parseComment)
    .option("--version <number>", "only if it is still at this version, the one you saw", wholeNumber(2 ** 31 - 1))
    .option("--watch", "follow it until it is deployed or fails")
    .action((id: string, options: Options) => askAgain(cli, id, options));
}

async function askAgain(cli: Cli, id: string, options: Options): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(changeName, id);
  await withAssembly(cli.open, async ({ services }, interrupted) => {
    const seen = await findChange(services, name);
    const word = { id: seen.id, by: user(), note: options.text ?? null, seenVersion: options.version ?? null };
    const say = () => requestChanges(services, word, options.comment ?? []);
    await passOn(services, screen, { verb: "request-changes", seen, say, watch: options.watch === true }, interrupted);
  });
}

/** `src/app.js:12: make it blue` */
function parseComment(text: string, before: readonly Comment[] = []): readonly Comment[] {
  const [, file, line, remark] = /^(.+?):(\d{1,9}):\s*(\S.*)$/s.exec(text) ?? [];
  if (file === undefined || line === undefined || remark === undefined || Number(line) === 0) {
    throw new InvalidArgumentError('Write it as file:line:text, for example "src/app.js:12: make it blue".');
  }
  return [...before, { file, line: Number(line), text: remark }];
}
