import type { Command } from "../../domain/blueprints/blueprint.ts";
import type { Change, Seen } from "../../domain/change.ts";
import { ChangeFailed } from "../../domain/faults/changes.ts";
import { EnvironmentLost } from "../../domain/faults/environments.ts";
import type { ChangeId } from "../../domain/ids.ts";
import { lastLines } from "../../domain/texts/text.ts";
import { bringBack } from "../../providers/git/checkout/put-back.ts";
import { portFree } from "../../providers/previews/port-free.ts";
import { waitUntilAnswering } from "../../providers/previews/wait-until-answering.ts";
import { changeAsSeen, notePreviewPort, settleDeployed } from "../../store/changes.ts";
import { readPortsPerEnvironment } from "../../store/settings.ts";
import { previewFiles } from "../branches/begin-round.ts";
import { openEnvironment, type Workplace } from "../environments/open-environment.ts";
import { recorded } from "../environments/recorded.ts";
import { copyLog } from "../processes/copy-log.ts";
import { startOnce } from "../processes/follow-process.ts";
import { previewSpec } from "../processes/preview-spec.ts";
import { wholeOutput } from "../processes/whole-output.ts";
import type { Services } from "../services.ts";
import { orFail } from "./fail-change.ts";

/** Starts the app on the branch, waits until it answers, and puts the change before a person. */
export async function openPreview(services: Services, seen: Seen<string>, stopping: AbortSignal): Promise<void> {
  const change = await changeAsSeen(services.sql, seen as Seen<ChangeId>);
  if (change === null) return;
  await orFail(services, change, "preview", stopping, () => preview(services, change, stopping));
}

/** The name of a round's preview among its environment's processes. */
export function previewProcess({ round }: Pick<Change, "round">): string {
  return `preview-${round}`;
}

async function preview(services: Services, change: Change, stopping: AbortSignal): Promise<void> {
  const place = await openEnvironment(services, change);
  const { environment, blueprint } = place;
  if (blueprint.start === null) {
    await settleDeployed(services.sql, change, { preview: null });
    return;
  }
  const name = previewProcess(change);
  const port = await startPreview(services, change, place, blueprint.start, name);
  if (port === null) return;
  const url = environment.expose(port);
  try {
    await waitUntilAnswering({
      url,
      timeoutMs: services.limits.previewMs,
      intervalMs: 100,
      alive: async () => (await environment.adopt(name)).state === "running",
      listener: () => environment.listener(port),
      signal: stopping,
    });
  } catch (error) {
    stopping.throwIfAborted();
    const { state } = await environment.adopt(name);
    if (state === "lost" || state === "absent") throw new EnvironmentLost("its preview has vanished");
    const output = `${await wholeOutput(environment, name, "stdout")}\n${await wholeOutput(environment, name, "stderr")}`;
    throw new ChangeFailed("preview", `${(error as Error).message} Its output ends: ${lastLines(output)}`);
  } finally {
    await copyLog(services, environment, { changeId: change.id, runId: null }, name, stopping);
  }
  await settleDeployed(services.sql, change, { preview: { url, port } });
}

/**
 * The port the preview listens on; the process is started on it unless an earlier try of this round has done so. Null
 * when the change has moved on: nothing is started any more then.
 */
async function startPreview(
  services: Services,
  change: Change,
  { environment, firstPort, blueprint }: Workplace,
  start: Command,
  name: string,
): Promise<number | null> {
  const state = await environment.adopt(name);
  if (state.state !== "absent" && change.previewPort !== null) return change.previewPort;
  for (let round = 1; round < change.round; round += 1) {
    await environment.stop(previewProcess({ round }), services.limits.graceMs);
  }
  // What earlier previews wrote, such as a database. Not before the round's work is settled: it would be committed with it.
  await bringBack(environment, previewFiles(change));
  const range = await readPortsPerEnvironment(services.sql);
  const candidates = Array.from({ length: range }, (_, offset) => firstPort + offset);
  const port = await choosePort(blueprint.port, change.previewPort, candidates);
  if (!(await notePreviewPort(services.sql, change, port))) return null;
  const owner = { environmentId: environment.id, changeId: change.id };
  const spec = await previewSpec(services, change, { start, port, name });
  await recorded(services.sql, owner, [{ kind: "port", name: String(port) }], () =>
    startOnce(services, environment, change.id, spec),
  );
  return port;
}

async function choosePort(fixed: number | null, last: number | null, candidates: number[]): Promise<number> {
  if (fixed !== null) {
    if (await portFree(fixed)) return fixed;
    throw new ChangeFailed(
      "preview",
      `port ${fixed}, on which the app insists, is in use. Stop what listens there, or let the app listen on $PORT ` +
        "and take `port` out of its blueprint.",
    );
  }
  for (const port of last === null ? candidates : [last, ...candidates]) {
    if (await portFree(port)) return port;
  }
  throw new ChangeFailed("preview", `ports ${candidates[0]} to ${candidates.at(-1)} are all in use by other programs`);
}
