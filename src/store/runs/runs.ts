import type { Seen } from "../../domain/change.ts";
import type { ChangeId, EnvironmentId } from "../../domain/ids.ts";
import type { RunStatus } from "../../domain/lifecycles.ts";
import type { Run, RunFailureKind, RunId, StepId } from "../../domain/plans/run.ts";
import type { Json, Sql } from "../sql.ts";

const columns = [
  "id",
  "planId",
  "planHash",
  "status",
  "task",
  "version",
  "ending",
  "atOnce",
  "stage",
  "stages",
  "variables",
  "folder",
  "agent",
  "changeId",
  "parentStepId",
  "environmentId",
  "startedBy",
  "maxConcurrency",
  "total",
  "unfinished",
  "failedStep",
  "failureKind",
  "failureMessage",
  "createdAt",
  "movedAt",
  "startedAt",
  "finishedAt",
] as const;

export interface NewRun {
  /** Null: Postgres makes one. */
  readonly id?: RunId | null;
  readonly planId: string;
  readonly planHash: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly folder: string | null;
  readonly agent: string | null;
  readonly startedBy: string | null;
  readonly idempotencyKey: string | null;
}

/** Gives back the run that was started before, when its idempotency key has been used. */
export async function startRun(sql: Sql, run: NewRun): Promise<Run> {
  const [made] = await sql<Run[]>`
    select ${sql(columns)} from fairlead.start_run(
      id => ${run.id ?? null}, plan_id => ${run.planId}, plan_hash => ${run.planHash},
      variables => ${sql.json(run.variables as Json)}, folder => ${run.folder}, agent => ${run.agent},
      started_by => ${run.startedBy}, idempotency_key => ${run.idempotencyKey})`;
  return theRow(made);
}

/** The run of the plan that a change's workspace names, begun at this version of the change; null: it has moved on. */
export async function startChangeRun(sql: Sql, change: Seen<ChangeId>): Promise<Run | null> {
  const [run] = await sql<(Run | { id: null })[]>`
    select ${sql(columns)} from fairlead.start_change_run(${change.id}, ${change.version})`;
  return run === undefined || run.id === null ? null : run;
}

/** The run that a change has begun at this version, if any. */
export async function findChangeRun(sql: Sql, change: Seen<ChangeId>): Promise<Run | null> {
  const [run] = await sql<Run[]>`
    select ${sql(columns)} from fairlead.runs where idempotency_key = ${`change ${change.id} ${change.version}`}`;
  return run ?? null;
}

/** Whether a run of the change's plan was started in an environment since the change last entered `implementing`. */
export async function hasRunOfRound(sql: Sql, changeId: ChangeId, environmentId: EnvironmentId): Promise<boolean> {
  const rows = await sql`
    select from fairlead.runs r
    where r.change_id = ${changeId} and r.environment_id = ${environmentId} and r.parent_step_id is null
      and r.created_at >= coalesce((select max(e.at) from fairlead.events e
        where e.change_id = ${changeId} and e.kind = 'change.implementing'), '-infinity')
    limit 1`;
  return rows.length === 1;
}

export async function findRun(sql: Sql, id: RunId): Promise<Run | null> {
  const [run] = await sql<Run[]>`select ${sql(columns)} from fairlead.runs where id = ${id}`;
  return run ?? null;
}

/** The run that a step is of. */
export async function runOfStep(sql: Sql, id: StepId): Promise<Run | null> {
  const [run] = await sql<Run[]>`
    select ${sql(columns)} from fairlead.runs where id = (select run_id from fairlead.steps where id = ${id})`;
  return run ?? null;
}

/** The run as a job was enqueued for it, or null when it has moved on since. */
export async function runAsSeen(sql: Sql, { id, version }: Seen<RunId>): Promise<Run | null> {
  const [run] = await sql<Run[]>`select ${sql(columns)} from fairlead.runs where id = ${id} and version = ${version}`;
  return run ?? null;
}

/** The ids that end in these characters, at most two: one is an answer, two are not. */
export async function runsEndingIn(sql: Sql, ending: string): Promise<RunId[]> {
  const rows = await sql<{ id: RunId }[]>`
    select id from fairlead.runs where right(id, ${ending.length}) = ${ending} limit 2`;
  return rows.map(({ id }) => id);
}

export interface RunFilter {
  readonly planId?: string | undefined;
  readonly statuses?: readonly RunStatus[] | undefined;
  readonly changeId?: ChangeId | undefined;
  /** Only runs older than this one: the last id of the page before. */
  readonly before?: RunId | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listRuns(sql: Sql, { planId, statuses, changeId, before, limit }: RunFilter): Promise<Run[]> {
  return sql<Run[]>`
    select ${sql(columns)} from fairlead.runs
    where true
      ${planId === undefined ? sql`` : sql`and plan_id = ${planId}`}
      ${statuses === undefined ? sql`` : sql`and status = any (${statuses as string[]})`}
      ${changeId === undefined ? sql`` : sql`and change_id = ${changeId}`}
      ${before === undefined ? sql`` : sql`and id < ${before}`}
    order by id desc limit ${limit}`;
}

/** What a person says of a run. `seenVersion` binds it to what they saw. */
export interface RunWord {
  readonly id: RunId;
  readonly by: string;
  readonly note: string | null;
  readonly seenVersion: number | null;
}

/** `atOnce`: also steps that are there for failures are stopped. */
export async function cancelRun(sql: Sql, { id, by, note, seenVersion }: RunWord, atOnce: boolean): Promise<Run> {
  const [run] = await sql<Run[]>`
    select ${sql(columns)} from fairlead.cancel_run(${id}, ${by}, ${note}, ${atOnce}, ${seenVersion})`;
  return theRow(run);
}

export async function retryRun(sql: Sql, { id, by, seenVersion }: RunWord, fromStep: string | null): Promise<Run> {
  const [run] = await sql<Run[]>`
    select ${sql(columns)} from fairlead.retry_run(${id}, ${fromStep}, ${by}, ${seenVersion})`;
  return theRow(run);
}

/** Its environment is there: the steps that depend on nothing begin. False: somebody moved it first. */
export async function settleBegun(sql: Sql, seen: Seen<RunId>): Promise<boolean> {
  const rows = await sql`
    update fairlead.runs set status = 'running' where id = ${seen.id} and version = ${seen.version} returning id`;
  return rows.length === 1;
}

export async function settleRunFailed(
  sql: Sql,
  seen: Seen<RunId>,
  failure: { kind: RunFailureKind; message: string },
): Promise<boolean> {
  const rows = await sql`
    update fairlead.runs set status = 'failed', failure_kind = ${failure.kind}, failure_message = ${failure.message}
    where id = ${seen.id} and version = ${seen.version} returning id`;
  return rows.length === 1;
}

function theRow(row: Run | undefined): Run {
  if (row === undefined) throw new Error("a function of the schema fairlead returned no row");
  return row;
}
