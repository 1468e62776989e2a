import { type Command, InvalidArgumentError } from "commander";
import { needWorkspace } from "../../actions/workspaces/need-workspace.ts";
import type { Change } from "../../domain/change.ts";
import type { ChangeId } from "../../domain/ids.ts";
import { type ChangeStatus, changeLifecycle, statusesOf } from "../../domain/lifecycles.ts";
import { listChanges } from "../../store/changes.ts";
import { viewChange } from "../../wire/changes.ts";
import { changeId, workspaceName } from "../../wire/ids.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { remarkNoWorker } from "../doctor/workers-alive.ts";
import { wholeNumber } from "../options.ts";
import { parseGiven } from "../parse-given.ts";
import { rests } from "../rests.ts";
import { plainLine } from "../screen/plain.ts";
import { makeScreen, type Screen } from "../screen/screen.ts";
import { table } from "../screen/table.ts";
import { age, changeWord, shortId } from "../screen/wording.ts";

interface Options {
  readonly workspace?: string;
  readonly status?: readonly ChangeStatus[];
  readonly before?: ChangeId;
  readonly limit: number;
  readonly json?: boolean;
}

const statuses = statusesOf<ChangeStatus>(changeLifecycle);

export function addLs(program: Command, cli: Cli): void {
  program
    .command("ls")
    .description("List changes, newest first.")
    .option("-w, --workspace <name>", "only of this workspace")
    .option("-s, --status <statuses>", `only in these, with commas between: ${statuses.join(", ")}`, parseStatuses)
    .option("-n, --limit <number>", "how many", wholeNumber(250), 20)
    .option("--before <id>", "only those older than this one: the page after it", parseId)
    .action((options: Options) => ls(cli, options));
}

async function ls(cli: Cli, options: Options): Promise<void> {
  const screen = makeScreen(options);
  const workspace = options.workspace === undefined ? undefined : parseGiven(workspaceName, options.workspace);
  await withAssembly(cli.open, async ({ services }) => {
    // A mistyped name would otherwise look like an empty list.
    if (workspace !== undefined) await needWorkspace(services, workspace);
    const found = await listChanges(services.sql, {
      workspace,
      statuses: options.status,
      before: options.before,
      limit: options.limit + 1,
    });
    const changes = found.slice(0, options.limit);
    const next = found.length > options.limit ? (changes.at(-1)?.id ?? null) : null;
    if (screen.json) return screen.printJson({ changes: changes.map(viewChange), next });
    if (changes.length === 0) return screen.remark('No changes. Ask for one: npx fairlead request "…"');
    screen.print(board(screen, changes));
    if (next !== null) screen.remark(`There are older ones: --before ${next}`);
    if (changes.some(({ status }) => !rests[status])) await remarkNoWorker(services, screen);
  });
}

function board(screen: Screen, changes: readonly Change[]): string {
  const others = 8 + 14 + 6 + 8 + Math.max(...changes.map(({ workspace }) => workspace.length), 9);
  const room = Math.max(20, screen.columns - others);
  const rows = changes.map((change) => [
    shortId(change.id),
    changeWord(change, screen),
    age(change.movedAt),
    change.workspace,
    plainLine(change.requestText, room),
  ]);
  return table(screen, ["ID", "STATUS", "FOR", "WORKSPACE", "REQUEST"], rows);
}

function parseStatuses(text: string): readonly ChangeStatus[] {
  return text.split(",").map((word) => {
    const status = statuses.find((one) => one === word.trim());
    if (status === undefined) throw new InvalidArgumentError(`"${word}" is none of ${statuses.join(", ")}.`);
    return status;
  });
}

function parseId(text: string): ChangeId {
  const parsed = changeId.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError("It takes a whole id, as `next` of --json gives it.");
  return parsed.data;
}
