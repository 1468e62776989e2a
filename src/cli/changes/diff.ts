import type { Command } from "commander";
import { diffChange } from "../../actions/changes/diff-change.ts";
import { findChange } from "../../actions/changes/find-change.ts";
import { changeName } from "../../wire/ids.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { parseGiven } from "../parse-given.ts";
import { plainLine, shown } from "../screen/plain.ts";
import { type Colours, makeScreen } from "../screen/screen.ts";

/** What fits into memory: `git apply` can't use a diff that is cut. */
const limitBytes = 512 * 1024 * 1024;

export function addDiff(program: Command, cli: Cli): void {
  program
    .command("diff")
    .description("Show what a change has pushed so far. Into a file or a pipe it goes byte for byte, for git apply.")
    .argument("<id>", "the change's id, or how it ends")
    .action((id: string, options: { json?: boolean }) => diff(cli, id, options));
}

async function diff(cli: Cli, id: string, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(changeName, id);
  await withAssembly(cli.open, async ({ services }) => {
    const change = await findChange(services, name);
    const { bytes, truncated } = await diffChange(services, change, { limitBytes });
    // Only where it is needed: a string can't be as long as bytes can.
    const text = () => new TextDecoder().decode(bytes);
    if (screen.json) return screen.printJson({ id: change.id, text: text(), truncated });
    if (!screen.terminal) await writeAll(process.stdout, bytes);
    else if (bytes.length > 0) screen.print(coloured(screen.colours, shown(text())));
    if (truncated) screen.remark(`The diff goes on: fetch ${plainLine(change.branchName ?? "", 300)} to see it all.`);
  });
}

/** Writes the bytes unchanged: a line break added at the end would change the diff. */
async function writeAll(stream: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> {
  if (bytes.length > 0) await new Promise<void>((resolve) => stream.write(bytes, () => resolve()));
}

function coloured(colours: Colours, text: string): string {
  return text
    .split("\n")
    .map((line) => {
      if (/^(diff|index|---|\+\+\+) /.test(line)) return colours.bold(line);
      if (line.startsWith("@@")) return colours.cyan(line);
      if (line.startsWith("+")) return colours.green(line);
      return line.startsWith("-") ? colours.red(line) : line;
    })
    .join("\n");
}
