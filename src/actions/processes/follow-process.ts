import { setTimeout as delay } from "node:timers/promises";
import { ChangeFailed } from "../../domain/faults/changes.ts";
import { EnvironmentLost, ProcessStartedBefore } from "../../domain/faults/environments.ts";
import type { ChangeId } from "../../domain/ids.ts";
import type { Environment, ProcessSpec, ProcessState, Started } from "../../providers/environments/port.ts";
import { touchEnvironment } from "../../store/environments.ts";
import type { LogOwner } from "../../store/logs.ts";
import { intendProcess, notePresent, processAgeMs } from "../../store/resources.ts";
import type { Services } from "../services.ts";
import { logCopier } from "./copy-log.ts";

/** How a process came to its end. `overdue`: its time was up, and it has been stopped. */
export type Ended = Extract<ProcessState, { state: "exited" | "lost" }> | { readonly state: "overdue" };

export interface FollowOptions {
  readonly owner: LogOwner;
  readonly timeoutMs: number;
  /** Between TERM and KILL when its time is up. */
  readonly graceMs: number;
  /** Ends the following, not the process. */
  readonly stopping: AbortSignal;
  /** Asked once it has been started: false stops it, for whoever was to do that may have looked before. */
  readonly stillWanted?: () => Promise<boolean>;
}

/** Starts a process under its name, or finds it started by a worker that is gone, and follows it to its end. */
export async function startAndFollow(
  services: Services,
  environment: Environment,
  spec: ProcessSpec,
  options: FollowOptions,
): Promise<Ended> {
  const { started, noted } = await startNoted(services, environment, options.owner.changeId, spec);
  const unwanted = started === null ? null : stopUnwanted(environment, spec.name, options);
  const ended = await follow(services, environment, spec.name, { ...options, started });
  await Promise.all([noted, unwanted]);
  return ended;
}

/** Whoever was to stop it may have looked before it was there. Meanwhile it is followed. */
function stopUnwanted(environment: Environment, name: string, { stillWanted, graceMs }: FollowOptions): Promise<void> {
  const stopped = (async () => {
    if ((await stillWanted?.()) === false) await environment.stop(name, graceMs);
  })();
  stopped.catch(() => {}); // whoever follows waits for it in the end
  return stopped;
}

/** The same for a process of a change. Throws `ChangeFailed` when its time is up. */
export async function startAndFollowInTime(
  services: Services,
  environment: Environment,
  spec: ProcessSpec,
  options: Omit<FollowOptions, "graceMs">,
): Promise<Exclude<Ended, { state: "overdue" }>> {
  const ended = await startAndFollow(services, environment, spec, { ...options, graceMs: services.limits.graceMs });
  if (ended.state !== "overdue") return ended;
  const limit = `${Math.round(options.timeoutMs / 1000)} s, its time limit`;
  throw new ChangeFailed("timeout", `${spec.name} was stopped after ${limit}`);
}

/**
 * A name is good for one start: whoever comes second finds the process there, and that is just as well. Throws
 * `EnvironmentLost` where one was started and nothing tells of it any more: it may run yet, so another must not.
 */
export async function startOnce(
  services: Services,
  environment: Environment,
  changeId: ChangeId | null,
  spec: ProcessSpec,
): Promise<void> {
  const { noted } = await startNoted(services, environment, changeId, spec);
  await noted;
}

interface Start {
  /** Null: it was started before. */
  readonly started: Started | null;
  /** Settles when it is written down that the process is there. */
  readonly noted: Promise<void>;
}

async function startNoted(
  { sql }: Services,
  environment: Environment,
  changeId: ChangeId | null,
  spec: ProcessSpec,
): Promise<Start> {
  const owner = { environmentId: environment.id, changeId };
  // Asked before the look, for another worker may start it in between.
  const wasStarted = await intendProcess(sql, owner, spec.name);
  const started = await startUnlessThere(environment, spec, wasStarted);
  const noted = notePresent(sql, owner, [{ kind: "process", name: spec.name }]);
  noted.catch(() => {}); // whoever follows waits for it in the end
  return { started, noted };
}

async function startUnlessThere(
  environment: Environment,
  spec: ProcessSpec,
  wasStarted: boolean,
): Promise<Started | null> {
  if ((await environment.adopt(spec.name)).state !== "absent") return null;
  if (wasStarted) throw new EnvironmentLost(`the record of its process ${spec.name} has vanished`);
  try {
    return await environment.start(spec);
  } catch (error) {
    if (!(error instanceof ProcessStartedBefore)) throw error;
    return null;
  }
}

async function follow(
  services: Services,
  environment: Environment,
  name: string,
  { owner, timeoutMs, graceMs, stopping, started }: FollowOptions & { readonly started: Started | null },
): Promise<Ended> {
  const copy = await logCopier(services, environment, { owner, name, stopping, isNew: started !== null });
  // Workers' own clocks may differ: how long it has run is asked of Postgres, and counted on from here.
  const age = started === null ? await processAgeMs(services.sql, environment.id, name) : 0;
  const startedMs = performance.now() - age;
  let touchedAt = started === null ? Number.NEGATIVE_INFINITY : startedMs;
  let hint = started?.ended ?? null;
  for (;;) {
    stopping.throwIfAborted();
    // Looked at before the output is: what a process wrote before it ended has been copied when we say that it ended.
    const process = await environment.adopt(name);
    const copied = await copy(process.state !== "running");
    if (process.state === "exited" || process.state === "lost") return process;
    if (process.state === "absent") return { state: "lost" };
    if (performance.now() - startedMs > timeoutMs) {
      await environment.stop(name, graceMs);
      await copy(true);
      return { state: "overdue" };
    }
    if (performance.now() - touchedAt > 30_000) {
      await touchEnvironment(services.sql, environment.id);
      touchedAt = performance.now();
    }
    // The hint is good for one look: of a supervisor that was killed it says nothing about the program.
    if (!copied && (await nextLook(hint, stopping)) === "hinted") hint = null;
  }
}

const pollMs = 100;

async function nextLook(hint: Promise<void> | null, stopping: AbortSignal): Promise<"hinted" | "waited"> {
  const over = new AbortController();
  const waited = delay(pollMs, "waited" as const, { signal: AbortSignal.any([stopping, over.signal]) });
  if (hint === null) return await waited;
  waited.catch(() => {}); // nobody waits for it any more once the hint has come
  const first = await Promise.race([waited, hint.then(() => "hinted" as const)]);
  over.abort();
  return first;
}
