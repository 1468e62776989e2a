import type { Command } from "commander";
import { findChange } from "../actions/find-change.ts";
import type { Change } from "../domain/change.ts";
import { redact } from "../domain/redact.ts";
import { viewChange } from "../wire/changes.ts";
import { changeName } from "../wire/ids.ts";
import { type Cli, withAssembly } from "./cli.ts";
import { parseGiven } from "./parse-given.ts";
import { plain, plainLine } from "./plain.ts";
import { makeScreen, type Screen } from "./screen.ts";
import { facts } from "./table.ts";
import { age, statusWord, waitsFor } from "./wording.ts";

export function addShow(program: Command, cli: Cli): void {
  program
    .command("show")
    .description("Show a change.")
    .argument("<id>", "its id, or how it ends")
    .action((id: string, options: { json?: boolean }) => show(cli, id, options));
}

async function show(cli: Cli, id: string, options: { json?: boolean }): Promise<void> {
  const screen = makeScreen(options);
  const name = parseGiven(changeName, id);
  await withAssembly(cli.open, async ({ services }) => {
    const change = await findChange(services, name);
    if (screen.json) return screen.printJson(viewChange(change));
    screen.print(`${screen.colours.bold(plain(change.requestText))}\n\n${particulars(screen, change)}`);
  });
}

function particulars(screen: Screen, change: Change): string {
  const said = (text: string | null) => (text === null ? null : plain(text));
  const tokens = change.inputTokens + change.outputTokens;
  return facts(screen, [
    ["id", change.id],
    ["status", `${statusWord(screen, change.status)} for ${age(change.movedAt)}`],
    ["waits for", waitsFor(change)],
    ["preview", change.previewUrl === null ? null : plainLine(change.previewUrl, 500)],
    ["failure", change.failureKind === null ? null : `${change.failureKind}, in ${change.failedIn}`],
    ["", said(change.failureMessage)],
    ["failed before", change.lastFailure === null ? null : plain(change.lastFailure.message)],
    ["workspace", change.workspace],
    ["repository", plainLine(redact(change.repositoryUrl), 500)],
    ["branch", change.branchName],
    ["target", change.targetBranch],
    ["merge commit", change.mergeCommitSha],
    ["agent", `${plainLine(change.agent)}, round ${change.round}`],
    ["summary", said(change.summary)],
    ["asked to change", said(change.feedback?.text ?? null)],
    ["cost", tokens === 0 && change.costUsd === 0 ? null : `$${change.costUsd.toFixed(2)}, ${tokens} tokens`],
    ["requested by", `${plainLine(change.requesterName ?? change.requesterId ?? "unknown")} (${change.source})`],
    ["decided by", change.decidedBy === null ? null : plainLine(change.decidedBy)],
    ["note", said(change.decisionNote)],
    ["version", String(change.version)],
    ["created", change.createdAt.toISOString()],
    ["finished", change.finishedAt?.toISOString() ?? null],
  ]);
}
