import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { decisions } from "../actions/changes/decide-change.ts";
import { requestChange } from "../actions/changes/request-change.ts";
import type { Services } from "../actions/services.ts";
import { registerWorkspace } from "../actions/workspaces/register-workspace.ts";
import { plain } from "../cli/screen/plain.ts";
import { makeScreen, type Screen } from "../cli/screen/screen.ts";
import type { Change } from "../domain/change.ts";
import type { WorkspaceName } from "../domain/ids.ts";
import type { ChangeStatus } from "../domain/lifecycles.ts";
import { discardEmbedded } from "../providers/postgres/embedded/discard-embedded.ts";
import { findChange } from "../store/changes.ts";
import { environmentsLeft } from "../store/environments.ts";
import { parseSettings } from "../wire/settings.ts";
import { type Narrator, narrator } from "./demo-narrator.ts";
import { makeShop, spinnerScript } from "./demo-shop.ts";
import { makeLog } from "./log.ts";
import { assemble } from "./services.ts";
import { startWorker } from "./worker.ts";

const requestText = "Add a loading spinner";

/** The main job from start to end on a small app, in a data folder of its own that is gone afterwards. Exit code. */
export async function demo(): Promise<number> {
  const screen = makeScreen({});
  const folder = await mkdtemp(join(tmpdir(), "fairlead-demo-"));
  const home = join(folder, "home");
  const startedAt = performance.now();
  try {
    screen.print(screen.colours.bold("Fairlead: from a change asked for in words to a merged branch\n"));
    screen.print("Starting a Postgres of its own (the first time takes a few seconds) …");
    const settings = parseSettings({ FAIRLEAD_HOME: home, FAIRLEAD_LOG_LEVEL: "error" });
    const assembly = await assemble({ settings, log: makeLog(settings.logLevel), migrate: true });
    try {
      const { services, databaseUrl } = assembly;
      const worker = await startWorker({ services, databaseUrl, concurrency: settings.concurrency });
      try {
        await play(services, folder, screen);
      } finally {
        await worker.stop();
      }
    } finally {
      await assembly.close();
    }
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    screen.print(`\n${screen.colours.green("✓")} All of it in ${seconds} s. For your own repository: npm start`);
    return 0;
  } catch (error) {
    screen.print(screen.colours.red(`\n✗ ${plain(error instanceof Error ? error.message : String(error))}`));
    return 1;
  } finally {
    await discardEmbedded(home);
    await rm(folder, { recursive: true, force: true });
  }
}

async function play(services: Services, folder: string, screen: Screen): Promise<void> {
  const say = narrator(services, screen);
  const remote = await makeShop(folder);
  say.line(`A tea shop: a web app in a git repository, its remote is ${remote}`);
  const workspace = await registerWorkspace(services, {
    name: "tea-shop" as WorkspaceName,
    repositoryUrl: remote,
    defaultBranch: null,
    agent: "scripted",
    agentSettings: { rounds: [spinnerScript] },
    agents: {},
    blueprint: {},
    planId: null,
    hosts: [],
    sshAgent: false,
    maxActiveChanges: null,
  });
  say.line("The agent here is the scripted one: a real process that follows a script, so no key is needed.\n");
  say.line(`${screen.colours.bold(`“${requestText}”`)}`);
  const { change } = await requestChange(services, {
    workspace: workspace.name,
    requestText,
    targetBranch: null,
    agent: null,
    anyAgent: true,
    requesterId: null,
    requesterName: "you",
    source: "cli",
    idempotencyKey: null,
  });

  const deployed = await until(services, say, change, "deployed");
  await checkPreview(deployed, say);
  say.line("You approve what you saw:");
  await decisions.approve(services, { id: change.id, by: "you", note: null, seenVersion: deployed.version });
  const merged = await until(services, say, change, "merged");
  await showMerge(remote, merged, say);
  await checkNothingLeft(services, remote, deployed, say);
}

/** Tells what happens until the change is where it should be; a failure is the demo's own. */
async function until(services: Services, say: Narrator, { id }: Change, status: ChangeStatus): Promise<Change> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const change = await findChange(services.sql, id);
    await say.whatHappened(id);
    if (change?.status === status) return change;
    if (change === null || change.finishedAt !== null) throw new Error(change?.failureMessage ?? "the change is gone");
    if (performance.now() > deadline) throw new Error(`it is still ${change.status} after a minute`);
    await delay(50);
  }
}

async function checkPreview({ previewUrl }: Change, say: Narrator): Promise<void> {
  const page = previewUrl === null ? "" : await (await fetch(previewUrl)).text();
  if (!page.includes('class="spinner"')) throw new Error(`there is no spinner in the page at ${previewUrl}`);
  say.done(`The preview at ${previewUrl} serves the page, and the spinner is in it`);
}

async function showMerge(remote: string, { mergeCommitSha }: Change, say: Narrator): Promise<void> {
  const format = "--format=%C(auto)%h %s%n%b";
  const { stdout } = await execa("git", ["log", "--graph", "-3", format, "main"], { cwd: remote });
  const { stdout: page } = await execa("git", ["show", "main:index.html"], { cwd: remote });
  if (!page.includes('class="spinner"')) throw new Error("there is no spinner on main");
  say.done(`main of the remote is at the merge commit ${mergeCommitSha?.slice(0, 12)}, with the spinner:`);
  for (const line of stdout.split("\n")) say.line(`    ${line}`.trimEnd());
}

/** Asks the machine itself: database, disk, remote and port. */
async function checkNothingLeft(
  services: Services,
  remote: string,
  { id, previewUrl }: Change,
  say: Narrator,
): Promise<void> {
  const deadline = performance.now() + 20_000;
  while ((await environmentsLeft(services.sql, id)) > 0) {
    if (performance.now() > deadline) throw new Error("the environment was not removed within 20 s");
    await delay(50);
  }
  await say.whatHappened(id);
  const onDisk = await services.provider("local").list();
  const { stdout: branches } = await execa("git", ["branch", "--list", "change/*"], { cwd: remote });
  const answers = await fetch(previewUrl ?? "").then(
    () => true,
    () => false,
  );
  if (onDisk.length > 0 || branches !== "" || answers) {
    throw new Error(`something is left behind: ${JSON.stringify({ onDisk, branches, previewAnswers: answers })}`);
  }
  say.done("Nothing is left behind: no process, no worktree, no branch, no port");
}
