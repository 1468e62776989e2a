import { branchName } from "../../domain/branch-name.ts";
import type { Change, Seen } from "../../domain/change.ts";
import { ChangeFailed } from "../../domain/faults/changes.ts";
import { EnvironmentLost } from "../../domain/faults/environments.ts";
import { NotFound } from "../../domain/faults/kernel.ts";
import type { ChangeId } from "../../domain/ids.ts";
import type { Resource } from "../../domain/resource.ts";
import { lastLines } from "../../domain/texts/text.ts";
import { signalOf } from "../../providers/agents/exit.ts";
import type { Environment } from "../../providers/environments/port.ts";
import { forkPoint } from "../../providers/git/checkout/fork-point.ts";
import { setApart } from "../../providers/git/checkout/set-apart.ts";
import { readBlueprint } from "../../providers/previews/read-blueprint.ts";
import { changeAsSeen, settleProvisioned } from "../../store/changes.ts";
import { findEnvironment } from "../../store/environments.ts";
import { findWorkspace, noteDefaultBranch } from "../../store/workspaces.ts";
import { noteReadOnlySubmodules } from "../branches/note-read-only-submodules.ts";
import { orFail } from "../changes/fail-change.ts";
import { placeHere } from "../data-folder/is-here.ts";
import { interruptible } from "../interruptible.ts";
import { startAndFollowInTime } from "../processes/follow-process.ts";
import { sshAgentVariables } from "../processes/ssh-agent.ts";
import { wholeOutput } from "../processes/whole-output.ts";
import type { Services } from "../services.ts";
import { recorded } from "./recorded.ts";

/** Makes the change's environment, or finds it made, sets the app up in it, and lets the agent begin. */
export async function provisionEnvironment(
  services: Services,
  seen: Seen<string>,
  stopping: AbortSignal,
): Promise<void> {
  const change = await changeAsSeen(services.sql, seen as Seen<ChangeId>);
  if (change === null) return;
  await orFail(services, change, "environment", stopping, () => provision(services, change, stopping));
}

async function provision(services: Services, change: Change, stopping: AbortSignal): Promise<void> {
  const { sql, log, limits } = services;
  const row = change.environmentId === null ? null : await findEnvironment(sql, change.environmentId);
  const workspace = await findWorkspace(sql, change.workspace);
  if (row === null || workspace === null) throw new NotFound(`the environment of change ${change.id} has no row`);

  const late = AbortSignal.timeout(limits.provisionMs);
  const signal = AbortSignal.any([late, stopping]);
  try {
    const targetBranch = change.targetBranch ?? (await services.repository(change.repositoryUrl).defaultBranch());
    const branch = change.branchName ?? branchName(change.requestText, change.id);
    const { hosts } = workspace;
    const request = { id: row.id, repositoryUrl: change.repositoryUrl, branch, targetBranch, hosts };
    await placeHere(services, row.id);
    const made = await recorded(sql, { environmentId: row.id, changeId: change.id }, ownFolders, () =>
      services.provider(row.provider).provision(request, signal),
    );
    const environment = interruptible(made, signal);
    log.info({ environment: row.id, branch }, "environment ready");
    if (change.targetBranch === null) await noteDefaultBranch(sql, workspace.name, targetBranch);
    await noteReadOnlySubmodules(services, change, { targetBranch, signal });
    // From the target branch and not from the checkout: in a retry, the agent's own changes to the file are in the checkout.
    const blueprint = await readBlueprint(
      services.repository(change.repositoryUrl).files(targetBranch),
      workspace.blueprint,
    );
    if (blueprint.setup !== null) {
      const variables = await sshAgentVariables(services, change.id);
      const spec = { name: "setup", argv: blueprint.setup, variables };
      const setup = await startAndFollowInTime(services, environment, spec, {
        owner: { changeId: change.id, runId: null },
        timeoutMs: limits.setupMs,
        stopping: signal,
      });
      if (setup.state === "lost") throw new EnvironmentLost("its setup command has vanished");
      if (signalOf(setup) === "SIGKILL")
        throw new EnvironmentLost("its setup command was killed, maybe for want of memory");
      if (setup.code !== 0) throw await setupFailed(environment, blueprint.setup.join(" "));
      // One that was thought dead and comes late must not undo what the agent is doing there by now.
      if ((await changeAsSeen(sql, change)) === null) return;
      await setApart(environment);
    }
    const baseCommit = await forkPoint(environment, targetBranch, change.baseCommit);
    await settleProvisioned(sql, change, { branchName: branch, targetBranch, baseCommit, blueprint });
  } catch (error) {
    if (!late.aborted || stopping.aborted) throw error;
    throw new ChangeFailed(
      "timeout",
      `the environment was not ready after ${Math.round(limits.provisionMs / 1000)} s; retry, or set ` +
        "FAIRLEAD_PROVISION_TIMEOUT_SECONDS higher",
    );
  }
}

const ownFolders = [
  { kind: "environment", name: "environment" },
  { kind: "worktree", name: "checkout" },
] as const satisfies Resource[];

async function setupFailed(environment: Environment, command: string): Promise<ChangeFailed> {
  const output = `${await wholeOutput(environment, "setup", "stdout")}\n${await wholeOutput(environment, "setup", "stderr")}`;
  return new ChangeFailed("environment", `the setup command \`${command}\` failed: ${lastLines(output)}`);
}
