import type { Run } from "../../domain/plans/run.ts";
import { readRunLog as chunks } from "../../store/logs.ts";
import type { Services } from "../services.ts";

export interface RunLogEntry {
  readonly seq: number;
  readonly step: string;
  readonly attempt: number;
  readonly at: Date;
  readonly lines: { readonly kind: "output" | "error"; readonly text: string }[];
}

export interface RunLogPage {
  readonly entries: readonly RunLogEntry[];
  /** Give it back to read on. */
  readonly lastSeq: number;
}

export interface RunLogRequest {
  /** Only of this step. */
  readonly step: string | null;
  readonly afterSeq: number;
  readonly limit: number;
  /** Whether the next page is asked for by the last chunk of this one. */
  readonly readsOn: boolean;
}

/** Storing a stretch of output takes milliseconds. */
const quietMs = 1000;

/** What the steps of a run have written, as they wrote it. Who reads on, of one that goes on, is told a second late. */
export async function readRunLog(
  services: Services,
  run: Run,
  { readsOn, ...request }: RunLogRequest,
): Promise<RunLogPage> {
  const quiet = readsOn && run.finishedAt === null ? quietMs : 0;
  const read = await chunks(services.sql, { ...request, runId: run.id, quietMs: quiet });
  const entries = read.map(({ seq, step, attempt, at, stream, text }) => {
    const kind = stream === "stderr" ? ("error" as const) : ("output" as const);
    const lines = (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
    return { seq, step, attempt, at, lines: lines.map((line) => ({ kind, text: line })) };
  });
  return { entries, lastSeq: read.at(-1)?.seq ?? request.afterSeq };
}
