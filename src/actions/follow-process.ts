import { setTimeout as delay } from "node:timers/promises";
import { ChangeFailed } from "../domain/faults/changes.ts";
import { ProcessStartedBefore } from "../domain/faults/environments.ts";
import type { ChangeId } from "../domain/ids.ts";
import { storable } from "../domain/text.ts";
import type { Environment, ProcessSpec, ProcessState } from "../providers/environments/port.ts";
import { touchEnvironment } from "../store/environments.ts";
import { appendLog, type LogSource, type LogStream, loggedBytes } from "../store/logs.ts";
import { processAgeMs } from "../store/resources.ts";
import { recorded } from "./recorded.ts";
import type { Services } from "./services.ts";

export type Ended = Extract<ProcessState, { state: "exited" | "lost" }>;

export interface FollowOptions {
  readonly changeId: ChangeId;
  readonly timeoutMs: number;
  /** Ends the following, not the process. */
  readonly stopping: AbortSignal;
}

/** Starts a process under its name, or finds it started by a worker that is gone, and follows it to its end. */
export async function startAndFollow(
  services: Services,
  environment: Environment,
  spec: ProcessSpec,
  options: FollowOptions,
): Promise<Ended> {
  await startOnce(services, environment, options.changeId, spec);
  return follow(services, environment, spec.name, options);
}

/** A name is good for one start: whoever comes second finds the process there, and that is just as well. */
export async function startOnce(
  { sql }: Services,
  environment: Environment,
  changeId: ChangeId,
  spec: ProcessSpec,
): Promise<void> {
  await recorded(sql, { environmentId: environment.id, changeId }, [{ kind: "process", name: spec.name }], async () => {
    if ((await environment.adopt(spec.name)).state !== "absent") return;
    try {
      await environment.start(spec);
    } catch (error) {
      if (!(error instanceof ProcessStartedBefore)) throw error;
    }
  });
}

async function follow(
  services: Services,
  environment: Environment,
  name: string,
  { changeId, timeoutMs, stopping }: FollowOptions,
): Promise<Ended> {
  const copy = await logCopier(services, environment, changeId, name);
  // Workers' own clocks may differ: how long it has run is asked of Postgres, and counted on from here.
  const startedMs = performance.now() - (await processAgeMs(services.sql, environment.id, name));
  let touchedAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    stopping.throwIfAborted();
    // Looked at before the output is: what a process wrote before it ended has been copied when we say that it ended.
    const process = await environment.adopt(name);
    const copied = await copy(process.state !== "running");
    if (process.state === "exited" || process.state === "lost") return process;
    if (process.state === "absent") return { state: "lost" };
    if (performance.now() - startedMs > timeoutMs) {
      await environment.stop(name, services.limits.graceMs);
      await copy(true);
      throw new ChangeFailed("timeout", `${name} was stopped after ${Math.round(timeoutMs / 1000)} s, its time limit`);
    }
    if (performance.now() - touchedAt > 30_000) {
      await touchEnvironment(services.sql, environment.id);
      touchedAt = performance.now();
    }
    if (!copied) await delay(pollMs, undefined, { signal: stopping });
  }
}

/** Copies what a process has written so far, for one that runs on unattended. */
export async function copyLog(
  services: Services,
  environment: Environment,
  changeId: ChangeId,
  name: string,
): Promise<void> {
  const copy = await logCopier(services, environment, changeId, name);
  await copy(true);
}

const pollMs = 100;
const batchBytes = 64 * 1024;
const streams: readonly LogStream[] = ["stdout", "stderr"];

/**
 * Copies a process's output into the log from where the log ends. The function it gives back copies one batch of each
 * stream, whole lines only until `ended`, and says whether it copied anything; at the end it copies all there is.
 */
async function logCopier(services: Services, environment: Environment, changeId: ChangeId, name: string) {
  const offsets = new Map<LogStream, number>();
  const source = (stream: LogStream): LogSource => ({ changeId, environmentId: environment.id, process: name, stream });
  for (const stream of streams) offsets.set(stream, await loggedBytes(services.sql, source(stream)));

  async function copyBatch(stream: LogStream, ended: boolean): Promise<boolean> {
    const startByte = offsets.get(stream) ?? 0;
    const bytes = await environment.read(name, stream, startByte, batchBytes);
    const length = ended && bytes.length < batchBytes ? bytes.length : wholeLines(bytes);
    if (length === 0) return false;
    const endByte = startByte + length;
    const text = storable(bytes.subarray(0, length).toString("utf8"));
    const stored = await appendLog(services.sql, source(stream), { startByte, endByte, text });
    offsets.set(stream, stored ? endByte : await loggedBytes(services.sql, source(stream)));
    return true;
  }

  return async (ended: boolean): Promise<boolean> => {
    let copied = false;
    for (const stream of streams) {
      while (await copyBatch(stream, ended)) {
        copied = true;
        if (!ended) break;
      }
    }
    return copied;
  };
}

/** How much of a batch ends with a line; all of it when one line fills the batch, cut between characters. */
function wholeLines(bytes: Buffer): number {
  const newline = bytes.lastIndexOf(0x0a);
  if (newline >= 0) return newline + 1;
  if (bytes.length < batchBytes) return 0;
  let end = bytes.length;
  while (end > 0 && (bytes.readUInt8(end - 1) & 0xc0) === 0x80) end -= 1;
  if (end > 0 && bytes.readUInt8(end - 1) >= 0xc0) end -= 1;
  return end === 0 ? bytes.length : end;
}

/** How much of a process's output is read as a whole: an agent's result is at its end. */
const outputAtMost = 64 * 1024 * 1024;

/** A stream from its beginning to its end, or the end of it where it is very long. */
export async function wholeOutput(environment: Environment, name: string, stream: LogStream): Promise<string> {
  const parts: Buffer[] = [];
  let offset = 0;
  let kept = 0;
  for (;;) {
    const bytes = await environment.read(name, stream, offset, 1024 * 1024);
    if (bytes.length === 0) break;
    parts.push(bytes);
    offset += bytes.length;
    kept += bytes.length;
    while (kept - (parts[0]?.length ?? 0) >= outputAtMost) kept -= parts.shift()?.length ?? 0;
  }
  return storable(Buffer.concat(parts).toString("utf8"));
}
