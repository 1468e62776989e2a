import { setTimeout as delay } from "node:timers/promises";
import { ChangeFailed } from "../domain/faults/changes.ts";
import { EnvironmentLost, ProcessStartedBefore } from "../domain/faults/environments.ts";
import type { ChangeId } from "../domain/ids.ts";
import { storable } from "../domain/text.ts";
import type { Environment, ProcessSpec, ProcessState } from "../providers/environments/port.ts";
import { touchEnvironment } from "../store/environments.ts";
import { appendLog, type LogSource, type LogStream, loggedBytes } from "../store/logs.ts";
import { isPresent, processAgeMs } from "../store/resources.ts";
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

/**
 * A name is good for one start: whoever comes second finds the process there, and that is just as well. Throws
 * `EnvironmentLost` where one was started and nothing tells of it any more: it may run yet, so another must not.
 */
export async function startOnce(
  { sql }: Services,
  environment: Environment,
  changeId: ChangeId,
  spec: ProcessSpec,
): Promise<void> {
  const resource = { kind: "process", name: spec.name } as const;
  await recorded(sql, { environmentId: environment.id, changeId }, [resource], async () => {
    // Asked before the look, for another worker may start it in between.
    const wasStarted = await isPresent(sql, environment.id, resource);
    if ((await environment.adopt(spec.name)).state !== "absent") return;
    if (wasStarted) throw new EnvironmentLost(`the record of its process ${spec.name} has vanished`);
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
  const copy = await logCopier(services, environment, { changeId, name, stopping });
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

/** Copies what a process has written by the time of the call, for one that runs on unattended. */
export async function copyLog(
  services: Services,
  environment: Environment,
  changeId: ChangeId,
  name: string,
  stopping?: AbortSignal,
): Promise<void> {
  const copy = await logCopier(services, environment, { changeId, name, stopping });
  await copy(true);
}

const pollMs = 100;
const batchBytes = 64 * 1024;
const newline = 0x0a;
const streams: readonly LogStream[] = ["stdout", "stderr"];

/** How much of a stream is stored; the byte behind stands for all the rest, and its text says so. */
export const storedAtMost = 64 * 1024 * 1024;
const restNote =
  "[The log ends here: the rest is only in the file of this output in its environment, and not stored.]\n";

interface Copying {
  readonly changeId: ChangeId;
  readonly name: string;
  readonly stopping?: AbortSignal | undefined;
}

/**
 * Copies a process's output into the log from where the log ends. The function it gives back copies one batch of each
 * stream, whole lines only until `ended`, and says whether it copied anything; at the end it copies all there is by
 * then. What others that hold the file open still write behind the end is not waited for.
 */
async function logCopier(services: Services, environment: Environment, { changeId, name, stopping }: Copying) {
  const { sql } = services;
  const offsets = new Map<LogStream, number>();
  const source = (stream: LogStream): LogSource => ({ changeId, environmentId: environment.id, process: name, stream });
  for (const stream of streams) offsets.set(stream, await loggedBytes(sql, source(stream)));

  async function copyBatch(stream: LogStream, size: number, ended: boolean): Promise<boolean> {
    const startByte = offsets.get(stream) ?? 0;
    if (startByte >= size || startByte > storedAtMost) return false;
    const chunk = await nextChunk(environment, { name, stream, startByte, size, ended });
    if (chunk === null) return false;
    const stored = await appendLog(sql, source(stream), { startByte, ...chunk });
    offsets.set(stream, stored ? chunk.endByte : await loggedBytes(sql, source(stream)));
    return true;
  }

  return async (ended: boolean): Promise<boolean> => {
    let copied = false;
    for (const stream of streams) {
      const size = await environment.written(name, stream);
      while (await copyBatch(stream, size, ended)) {
        copied = true;
        if (!ended) break;
        stopping?.throwIfAborted();
      }
    }
    return copied;
  };
}

interface Stretch {
  readonly name: string;
  readonly stream: LogStream;
  readonly startByte: number;
  /** Where the stream ends, as far as we are concerned. */
  readonly size: number;
  readonly ended: boolean;
}

/** What comes next in the log; `null` when that is no whole line yet. */
async function nextChunk(
  environment: Environment,
  { name, stream, startByte, size, ended }: Stretch,
): Promise<{ endByte: number; text: string } | null> {
  if (startByte === storedAtMost) {
    const [last] = await environment.read(name, stream, storedAtMost - 1, 1);
    return { endByte: storedAtMost + 1, text: last === newline ? restNote : `\n${restNote}` };
  }
  const end = Math.min(size, storedAtMost);
  const bytes = await environment.read(name, stream, startByte, Math.min(batchBytes, end - startByte));
  const isLast = startByte + bytes.length === end && (ended || end === storedAtMost);
  const length = isLast ? bytes.length : wholeLines(bytes);
  if (length === 0) return null;
  return { endByte: startByte + length, text: storable(bytes.subarray(0, length).toString("utf8")) };
}

/** How much of a batch ends with a line; all of it when one line fills the batch, cut between characters. */
function wholeLines(bytes: Buffer): number {
  const lineEnd = bytes.lastIndexOf(newline);
  if (lineEnd >= 0) return lineEnd + 1;
  if (bytes.length < batchBytes) return 0;
  let end = bytes.length;
  while (end > 0 && (bytes.readUInt8(end - 1) & 0xc0) === 0x80) end -= 1;
  if (end > 0 && bytes.readUInt8(end - 1) >= 0xc0) end -= 1;
  return end === 0 ? bytes.length : end;
}

/** How much of a process's output is read as a whole: an agent's result is at its end. */
const outputAtMost = 64 * 1024 * 1024;

/** A stream from its beginning to where it ends by now, or the end of it where it is very long. */
export async function wholeOutput(environment: Environment, name: string, stream: LogStream): Promise<string> {
  const parts: Buffer[] = [];
  const size = await environment.written(name, stream);
  let offset = Math.max(0, size - outputAtMost);
  while (offset < size) {
    const bytes = await environment.read(name, stream, offset, Math.min(1024 * 1024, size - offset));
    if (bytes.length === 0) break;
    parts.push(bytes);
    offset += bytes.length;
  }
  return storable(Buffer.concat(parts).toString("utf8"));
}
