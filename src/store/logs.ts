import type { ChangeId, EnvironmentId } from "../domain/ids.ts";
import type { StepKind } from "../domain/plans/plan.ts";
import type { RunId } from "../domain/plans/run.ts";
import type { Sql } from "./sql.ts";

export type LogStream = "stdout" | "stderr";

/** A stretch of a process's output, always whole lines unless the process had ended or a line is very long. */
export interface LogChunk {
  readonly seq: number;
  readonly process: string;
  readonly stream: LogStream;
  readonly startByte: number;
  readonly endByte: number;
  readonly text: string;
  readonly at: Date;
}

/** Whose process wrote it: a change's, a run's, or a run's that is a change's. */
export interface LogOwner {
  readonly changeId: ChangeId | null;
  readonly runId: RunId | null;
}

/** A process's output: which environment's, which process, which stream. */
export interface LogSource extends LogOwner {
  readonly environmentId: EnvironmentId;
  readonly process: string;
  readonly stream: LogStream;
}

/** How many bytes of this output are stored: where a reader goes on after any restart. */
export async function loggedBytes(sql: Sql, { environmentId, process, stream }: LogSource): Promise<number> {
  const [row] = await sql<{ bytes: number }[]>`
    select coalesce(max(end_byte), 0)::bigint as bytes from fairlead.log_chunks
    where environment_id = ${environmentId} and process = ${process} and stream = ${stream}`;
  return row?.bytes ?? 0;
}

/**
 * Stores the bytes from `startByte` to `endByte`, if they are exactly what comes next; false when somebody else has
 * stored them: ask `loggedBytes` where to go on then. So no line is lost or doubled, even by two readers at once.
 */
export async function appendLog(
  sql: Sql,
  source: LogSource,
  chunk: { startByte: number; endByte: number; text: string },
): Promise<boolean> {
  const rows = await sql`
    insert into fairlead.log_chunks (change_id, run_id, environment_id, process, stream, start_byte, end_byte, text)
    select ${source.changeId}, ${source.runId}, ${source.environmentId}, ${source.process}, ${source.stream}, ${chunk.startByte},
      ${chunk.endByte}, ${chunk.text}
    where ${chunk.startByte} = (select coalesce(max(end_byte), 0) from fairlead.log_chunks
      where environment_id = ${source.environmentId} and process = ${source.process} and stream = ${source.stream})
    on conflict do nothing returning seq`;
  return rows.length === 1;
}

/** A stretch of what a process of a change has written; that of a step of its plan has the step's key for a name. */
export interface ChangeLogChunk extends LogChunk {
  /** Who wrote it, where a step's agent did: null is the change's own. */
  readonly stepAgent: string | null;
  readonly stepKind: StepKind | null;
}

/**
 * The log of a change after a chunk, oldest first. One process of it is followed at a time, so `seq` is in order; but
 * steps of a plan write at once, so what they wrote in the last second is held back, with all that came after it.
 */
export async function readLog(
  sql: Sql,
  changeId: ChangeId,
  afterSeq: number,
  limit: number,
): Promise<ChangeLogChunk[]> {
  return sql<ChangeLogChunk[]>`${firstBytes(
    sql,
    sql`
    select l.seq, coalesce(s.key, l.process) as process, l.stream, l.start_byte, l.end_byte, l.text, l.at,
      s.spec ->> 'kind' as step_kind, s.spec ->> 'agent' as step_agent
    from fairlead.log_chunks l
    left join fairlead.steps s on s.id = upper(substring(l.process from '^step-([0-9a-z]{26})-'))
    where l.change_id = ${changeId} and l.seq > ${afterSeq} and not exists (
      select from fairlead.log_chunks young join fairlead.runs r on r.id = young.run_id and r.finished_at is null
      where young.change_id = ${changeId} and young.seq > ${afterSeq} and young.seq <= l.seq
        and young.at > clock_timestamp() - interval '1 second')
    order by l.seq limit ${limit}`,
  )}`;
}

/** A stretch of what a step of a run has written. */
export interface StepLogChunk extends LogChunk {
  readonly step: string;
  readonly attempt: number;
}

export interface RunLogRequest {
  readonly runId: RunId;
  readonly step: string | null;
  readonly afterSeq: number;
  readonly limit: number;
  /**
   * How old chunks have to be, for whoever reads on from the last one. Several steps write at once, so one with a lower
   * `seq` may be stored a moment later, and would be passed over.
   */
  readonly quietMs: number;
}

/** The log of a run, or of one step of it, after a chunk: in the order in which it was read. */
export async function readRunLog(
  sql: Sql,
  { runId, step, afterSeq, limit, quietMs }: RunLogRequest,
): Promise<StepLogChunk[]> {
  return sql<StepLogChunk[]>`${firstBytes(
    sql,
    sql`
    select l.seq, l.process, l.stream, l.start_byte, l.end_byte, l.text, l.at, s.key as step,
      substring(l.process from '^step-[0-9a-z]{26}-([0-9]+)')::integer as attempt
    from fairlead.log_chunks l
    join fairlead.steps s on s.id = upper(substring(l.process from '^step-([0-9a-z]{26})-'))
    where l.run_id = ${runId} and l.seq > ${afterSeq} ${step === null ? sql`` : sql`and s.key = ${step}`}
      and l.at <= clock_timestamp() - ${quietMs}::float8 * interval '1 millisecond'
    order by l.seq limit ${limit}`,
  )}`;
}

/** A page of a thousand chunks could be 64 MiB, which would block the event loop while it is serialized. */
const pageBytes = 2 * 1024 * 1024;

/** The first chunks of a query, up to the limit of a page; at least one. */
function firstBytes(sql: Sql, chunks: ReturnType<Sql>) {
  return sql`
    select page.* from (
      select chunk.*, sum(chunk.end_byte - chunk.start_byte) over (order by chunk.seq) as bytes from (${chunks}) chunk
    ) page
    where page.bytes - (page.end_byte - page.start_byte) < ${pageBytes} order by page.seq`;
}

/** The last chunk of a change's log so far; 0 when there is none. */
export async function lastLogged(sql: Sql, changeId: ChangeId): Promise<number> {
  const [row] = await sql<{ seq: number }[]>`
    select coalesce(max(seq), 0)::bigint as seq from fairlead.log_chunks where change_id = ${changeId}`;
  return row?.seq ?? 0;
}
