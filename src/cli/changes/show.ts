import type { Command } from "commander";
import { findChange } from "../../actions/changes/find-change.ts";
import type { Blueprint } from "../../domain/blueprints/blueprint.ts";
import type { Change, Feedback } from "../../domain/change.ts";
import type { Run } from "../../domain/plans/run.ts";
import { redact } from "../../domain/texts/redact.ts";
import { listRuns } from "../../store/runs/runs.ts";
import { viewChange } from "../../wire/changes.ts";
import { changeName } from "../../wire/ids.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { remarkNoWorker } from "../doctor/workers-alive.ts";
import { parseGiven } from "../parse-given.ts";
import { rests } from "../rests.ts";
import { plain, plainLine } from "../screen/plain.ts";
import { makeScreen, type Screen } from "../screen/screen.ts";
import { type Fact, facts } from "../screen/table.ts";
import { age, changeWord, shortId, waitsFor } from "../screen/wording.ts";

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
    const [run] = await listRuns(services.sql, { changeId: change.id, limit: 1 });
    screen.print(`${screen.colours.bold(plain(change.requestText))}\n\n${particulars(screen, change, run)}`);
    if (!rests[change.status]) await remarkNoWorker(services, screen);
  });
}

function particulars(screen: Screen, change: Change, run: Run | undefined): string {
  return facts(screen, [
    ["id", change.id],
    ["status", `${changeWord(change, screen)} for ${age(change.movedAt)}`],
    ["waits for", waitsFor(change)],
    ["plan", run === undefined ? null : `${run.planId}, ${run.status}: npx fairlead run show ${shortId(run.id)}`],
    ["preview", change.previewUrl === null ? null : plainLine(change.previewUrl, 500)],
    ...failed(change),
    ...change.notices.map(({ text }, index): Fact => [index === 0 ? "notices" : "", plain(text)]),
    ["workspace", change.workspace],
    ["repository", plainLine(redact(change.repositoryUrl), 500)],
    ["branch", line(change.branchName)],
    ["target", line(change.targetBranch)],
    ["pushed", line(change.headCommit)],
    ["merge commit", line(change.mergeCommitSha)],
    ...app(change.blueprint),
    ["agent", `${plainLine(change.agent)}, round ${change.round}`],
    ["summary", said(change.summary)],
    ["asked to change", asked(change.feedback)],
    ["cost", cost(change)],
    ["requested by", `${plainLine(change.requesterName ?? change.requesterId ?? "unknown")} (${change.source})`],
    ["decided by", change.decidedBy === null ? null : plainLine(change.decidedBy)],
    ["note", said(change.decisionNote)],
    ["version", String(change.version)],
    ["created", change.createdAt.toISOString()],
    ["finished", change.finishedAt?.toISOString() ?? null],
  ]);
}

function line(text: string | null): string | null {
  return text === null ? null : plainLine(text, 500);
}

function failed({ failureKind, failedIn, failureMessage, lastFailure }: Change): Fact[] {
  const where = failureKind === "cancelled" ? `in ${failedIn}` : `${failureKind}, in ${failedIn}`;
  return [
    [failureKind === "cancelled" ? "stopped" : "failure", failureKind === null ? null : where],
    ["", said(failureMessage)],
    ["failed before", said(lastFailure?.message ?? null)],
  ];
}

/** How the app is set up, started and checked, and where that was found. */
function app(blueprint: Blueprint | null): Fact[] {
  if (blueprint === null) return [];
  const words = (command: Blueprint["setup"]) => (command === null ? null : plainLine(command.join(" "), 500));
  return [
    ["setup", words(blueprint.setup)],
    ["start", words(blueprint.start)],
    ["check", words(blueprint.check)],
    ["port", blueprint.port === null ? null : String(blueprint.port)],
    ["these are from", said(blueprint.source)],
  ];
}

/** What a person asked for before this round: their words, and a line for each place they remarked on. */
function asked(feedback: Feedback | null): string | null {
  const remarks = feedback?.comments.map(({ file, line, text }) => [file, line, ` ${text}`].filter(isSaid).join(":"));
  return said([feedback?.text ?? "", ...(remarks ?? [])].filter(isSaid).join("\n"));
}

function cost({ inputTokens, outputTokens, costUsd }: Change): string | null {
  const tokens = inputTokens + outputTokens;
  return tokens === 0 && costUsd === 0 ? null : `$${costUsd.toFixed(2)}, ${tokens} tokens`;
}

function said(text: string | null): string | null {
  return text === null || text.trim() === "" ? null : plain(text);
}

function isSaid(value: string | number | null): boolean {
  return value !== null && value !== "";
}
