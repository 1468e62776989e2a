import type { Change } from "../../domain/change.ts";
import { type ChangeLogChunk, readLog as chunks, type LogChunk } from "../../store/logs.ts";
import type { Services } from "../services.ts";

/** One line for a person who is watching. `kind` says what it is: an agent's words and tools, or plain output. */
export interface LogLine {
  readonly kind: "output" | "error" | "text" | "tool" | "warning" | "limit";
  readonly text: string;
}

export interface LogPage {
  readonly entries: readonly {
    readonly seq: number;
    readonly process: string;
    readonly at: Date;
    readonly lines: LogLine[];
  }[];
  /** Give it back to read on. */
  readonly lastSeq: number;
}

export interface LogRequest {
  readonly afterSeq: number;
  readonly limit: number;
  /** As the processes wrote it, instead of what an agent's lines mean. */
  readonly raw: boolean;
}

export async function readLog(services: Services, change: Change, request: LogRequest): Promise<LogPage> {
  const read = await chunks(services.sql, change.id, request.afterSeq, request.limit);
  const entries = read.map((chunk) => ({
    seq: chunk.seq,
    process: chunk.process,
    at: chunk.at,
    lines: request.raw ? plain(chunk) : meaning(services, change, chunk),
  }));
  return { entries, lastSeq: read.at(-1)?.seq ?? request.afterSeq };
}

function meaning(services: Services, change: Change, chunk: ChangeLogChunk): LogLine[] {
  const { process, stream, stepKind, stepAgent } = chunk;
  const isAgents = stepKind === null ? process.startsWith("agent-") : stepKind === "agent";
  // A plan may leave it to a variable who the agent is.
  if (!isAgents || stream !== "stdout" || stepAgent?.includes("${") === true) return plain(chunk);
  const agent = services.agent(stepAgent ?? change.agent);
  return linesOf(chunk).flatMap((line) => agent.note(line) ?? []);
}

function plain(chunk: LogChunk): LogLine[] {
  const kind = chunk.stream === "stderr" ? "error" : "output";
  return linesOf(chunk).map((text) => ({ kind, text }));
}

function linesOf({ text }: LogChunk): string[] {
  return (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
}
