import { storable } from "../../domain/texts/text.ts";
import type { Environment } from "../../providers/environments/port.ts";
import { appendLog, type LogOwner, type LogSource, type LogStream, loggedBytes } from "../../store/logs.ts";
import type { Services } from "../services.ts";

/** Copies what a process has written by the time of the call, for one that runs on unattended. */
export async function copyLog(
  services: Services,
  environment: Environment,
  owner: LogOwner,
  name: string,
  stopping?: AbortSignal,
): Promise<void> {
  const copy = await logCopier(services, environment, { owner, name, stopping });
  await copy(true);
}

const batchBytes = 64 * 1024;
const newline = 0x0a;
const streams: readonly LogStream[] = ["stdout", "stderr"];

/** How much of a stream is stored; the byte behind stands for all the rest, and its text says so. */
export const storedAtMost = 64 * 1024 * 1024;
const restNote =
  "[The log ends here: the rest is only in the file of this output in its environment, and not stored.]\n";

interface Copying {
  readonly owner: LogOwner;
  readonly name: string;
  readonly stopping?: AbortSignal | undefined;
  /** Nothing of it can have been stored yet. */
  readonly isNew?: boolean;
}

/**
 * Copies a process's output into the log from where the log ends. The function it gives back copies one batch of each
 * stream, whole lines only until `ended`, and says whether it copied anything; at the end it copies all there is by
 * then. What others that hold the file open still write behind the end is not waited for.
 */
export async function logCopier(
  services: Services,
  environment: Environment,
  { owner, name, stopping, isNew }: Copying,
) {
  const { sql } = services;
  const offsets = new Map<LogStream, number>();
  const source = (stream: LogStream): LogSource => ({ ...owner, environmentId: environment.id, process: name, stream });
  for (const stream of streams) offsets.set(stream, isNew === true ? 0 : await loggedBytes(sql, source(stream)));

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
