import { storable } from "../../domain/texts/text.ts";
import type { Environment } from "../../providers/environments/port.ts";
import type { LogStream } from "../../store/logs.ts";

/** How much of a process's output is read at once: an agent's result is at its end, and parsing more blocks the event loop. */
const outputAtMost = 16 * 1024 * 1024;

/** A stream from its beginning to its present end; only its last part where it is longer than that. */
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
