import { type Command, Option } from "commander";
import { requestChange } from "../../actions/changes/request-change.ts";
import type { Services } from "../../actions/services.ts";
import { settingsForAgent } from "../../domain/agents/agent-choice.ts";
import type { Change } from "../../domain/change.ts";
import { redact } from "../../domain/texts/redact.ts";
import { findWorkspace } from "../../store/workspaces.ts";
import { changeRequest, viewChange } from "../../wire/changes.ts";
import { type Cli, withAssembly } from "../cli.ts";
import { versionOf } from "../doctor/checks.ts";
import { remarkNoWorker } from "../doctor/workers-alive.ts";
import { parseGiven } from "../parse-given.ts";
import { rests } from "../rests.ts";
import { plainLine } from "../screen/plain.ts";
import { makeScreen, type Screen } from "../screen/screen.ts";
import { followUp, shortId, user } from "../screen/wording.ts";
import { chooseWorkspace } from "./choose-workspace.ts";
import { follow } from "./follow.ts";
import { requestText } from "./request-text.ts";
import { nothingSeen } from "./watch-change.ts";

interface Options {
  readonly workspace?: string;
  readonly repo?: string;
  readonly target?: string;
  readonly agent?: string;
  readonly watch?: boolean;
  readonly idempotencyKey?: string;
  readonly json?: boolean;
}

const limits = changeRequest.pick({ target_branch: true, agent: true, idempotency_key: true });

export function addRequest(program: Command, cli: Cli): void {
  program
    .command("request")
    .summary("Ask for a change in plain words.")
    .description(
      "Ask for a change in plain words. `-` reads them from standard input; `--` goes before a text with a dash.",
    )
    .argument("<text...>", "what should change")
    .option("-w, --workspace <name>", "the workspace; else that of this folder, or the only one")
    .addOption(
      new Option("-C, --repo <folder>", "a git checkout, registered as a workspace when it isn't one").conflicts(
        "workspace",
      ),
    )
    .option("-t, --target <branch>", "the branch to merge into; else the repository's default branch")
    .option("-a, --agent <name>", "claude, command or scripted; else the workspace's own")
    .option("--watch", "follow it until it is deployed or fails")
    .option("--idempotency-key <key>", "the same key again asks for nothing new")
    .action((words: string[], options: Options) => request(cli, words, options));
}

async function request(cli: Cli, words: readonly string[], options: Options): Promise<void> {
  const screen = makeScreen(options);
  const text = await requestText(words, process.stdin);
  const given = parseGiven(limits, {
    target_branch: options.target,
    agent: options.agent,
    idempotency_key: options.idempotencyKey,
  });
  await withAssembly(cli.open, async ({ services }, interrupted) => {
    const chosen = await chooseWorkspace(cli, services, options);
    if (chosen.registered !== null) {
      const { name, agent, repositoryUrl } = chosen.registered;
      const where = plainLine(redact(repositoryUrl), 500);
      screen.remark(`Registered ${where} as workspace ${name}: branches and merges go there. Its agent is ${agent}.`);
    }
    const by = user();
    const { change, deduplicated } = await requestChange(services, {
      workspace: chosen.name,
      requestText: text,
      targetBranch: given.target_branch,
      agent: given.agent,
      anyAgent: true, // the database is theirs, and with it every setting
      requesterId: by,
      requesterName: by,
      source: "cli",
      idempotencyKey: given.idempotency_key,
    });
    const watched = options.watch === true;
    if (screen.json && !watched) return screen.printJson({ ...viewChange(change), deduplicated });
    if (!screen.json) screen.print(asked(screen, change, deduplicated));
    await remarkNoAgent(services, screen, change);
    if (watched) return await follow(services, { change, screen, raw: false, since: nothingSeen }, interrupted);
    screen.print(followUp(change));
    if (!rests[change.status]) await remarkNoWorker(services, screen);
  });
}

/** Only a remark: the worker may be on another machine. */
async function remarkNoAgent({ sql }: Services, screen: Screen, { agent, workspace }: Change): Promise<void> {
  if (screen.json || agent !== "claude") return;
  const its = await findWorkspace(sql, workspace);
  // Where another executable is named, it is the worker's to find.
  if (its !== null && settingsForAgent(its, agent)?.executable !== undefined) return;
  if ((await versionOf("claude")) !== null) return;
  screen.remark("claude is not installed here: install it, or try --agent scripted");
}

function asked({ colours }: Screen, change: Change, deduplicated: boolean): string {
  const verb = deduplicated ? "Was asked for before, as" : "Asked for";
  return `${verb} ${colours.bold(shortId(change.id))} in ${change.workspace}: ${plainLine(change.requestText)}`;
}
