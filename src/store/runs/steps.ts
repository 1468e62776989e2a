import { type AgentUsage, noUsage } from "../../domain/agents/agent.ts";
import type { Seen } from "../../domain/change.ts";
import type { StepStatus } from "../../domain/lifecycles.ts";
import type { Run, RunId, Step, StepFailure, StepId, WaitsFor } from "../../domain/plans/run.ts";
import type { Json, Sql } from "../sql.ts";

type SeenStep = Seen<StepId>;

const columns = [
  "id",
  "runId",
  "position",
  "key",
  "spec",
  "status",
  "task",
  "version",
  "attempt",
  "failures",
  "round",
  "feedback",
  "waitsFor",
  "waitsUntil",
  "outputs",
  "exitCode",
  "failureKind",
  "failureMessage",
  "startedAt",
  "finishedAt",
] as const;

/** A step as a job was enqueued for it, or null when it has moved on since. */
export async function stepAsSeen(sql: Sql, { id, version }: SeenStep): Promise<Step | null> {
  const [step] = await sql<
    Step[]
  >`select ${sql(columns)} from fairlead.steps where id = ${id} and version = ${version}`;
  return step ?? null;
}

/** How much of each output is shown: a page of whole outputs could be hundreds of megabytes. */
const shownCharacters = 1000;

const shownColumns = columns.filter((column) => column !== "outputs");

/** The steps of a run after a position, in the order of its plan, with the beginnings of their outputs. */
export async function stepsAfter(
  sql: Sql,
  { runId, position, limit }: { runId: RunId; position: number; limit: number },
): Promise<Step[]> {
  return sql<Step[]>`
    select ${sql(shownColumns)}, (select coalesce(jsonb_object_agg(o.key, left(o.value, ${shownCharacters})), '{}')
      from jsonb_each_text(outputs) o) as outputs
    from fairlead.steps where run_id = ${runId} and position > ${position} order by position limit ${limit}`;
}

export async function findStep(sql: Sql, runId: RunId, key: string): Promise<Step | null> {
  const [step] = await sql<Step[]>`
    select ${sql(columns)} from fairlead.steps where run_id = ${runId} and key = ${key}`;
  return step ?? null;
}

/** What steps have left for others: by the key of the step, then by the name of the output. */
export async function outputsOf(
  sql: Sql,
  runId: RunId,
  keys: readonly string[],
): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
  if (keys.length === 0) return {};
  const rows = await sql<{ key: string; outputs: Record<string, string> }[]>`
    select key, outputs from fairlead.steps where run_id = ${runId} and key = any (${keys as string[]})`;
  return Object.fromEntries(rows.map(({ key, outputs }) => [key, outputs]));
}

/** Whether a run, or one of the runs that it waits for, has a step with this key. */
export async function hasStepWithin(sql: Sql, runId: RunId, key: string): Promise<boolean> {
  const rows = await sql`
    select from fairlead.steps where key = ${key} and run_id in (select fairlead.runs_within(${runId})) limit 1`;
  return rows.length === 1;
}

/** How many steps of a run are in each status; those with none are left out. */
export async function countSteps(sql: Sql, runId: RunId): Promise<Partial<Record<StepStatus, number>>> {
  const rows = await sql<{ status: StepStatus; count: number }[]>`
    select status, count(*) as count from fairlead.steps where run_id = ${runId} group by status`;
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

/** What the agents of a run have cost, those of the plans that it called with them. */
export async function spentOf(sql: Sql, runId: RunId): Promise<AgentUsage> {
  const [row] = await sql<AgentUsage[]>`
    with recursive runs as (
      select ${runId}::text as id
      union
      select c.id from runs r join fairlead.steps s on s.run_id = r.id join fairlead.runs c on c.parent_step_id = s.id
    )
    select coalesce(sum(s.cost_usd), 0) as cost_usd, coalesce(sum(s.input_tokens), 0)::bigint as input_tokens,
      coalesce(sum(s.output_tokens), 0)::bigint as output_tokens
    from runs r join fairlead.steps s on s.run_id = r.id`;
  return row ?? noUsage;
}

/** What the last coding agent of a run said that it did; empty when none said anything. */
export async function summaryOf(sql: Sql, runId: RunId): Promise<string> {
  const [row] = await sql<{ summary: string }[]>`
    select outputs ->> 'summary' as summary from fairlead.steps
    where run_id = ${runId} and status = 'succeeded' and spec ->> 'role' = 'code' order by finished_at desc limit 1`;
  return row?.summary ?? "";
}

// Each settlement below is one statement, guarded by the version that its task was enqueued for.
// False: somebody moved the step first, and nothing was written.

export interface Succeeded {
  readonly outputs: Readonly<Record<string, string>>;
  readonly exitCode: number | null;
  readonly usage?: AgentUsage;
}

export async function settleSucceeded(
  sql: Sql,
  seen: SeenStep,
  { outputs, exitCode, usage = noUsage }: Succeeded,
): Promise<boolean> {
  const rows = await sql`
    update fairlead.steps set status = 'succeeded', outputs = ${sql.json(outputs)}, exit_code = ${exitCode},
      cost_usd = least(cost_usd + ${usage.costUsd ?? 0}, 999999), input_tokens = input_tokens + ${usage.inputTokens},
      output_tokens = output_tokens + ${usage.outputTokens}
    where id = ${seen.id} and version = ${seen.version} returning id`;
  return rows.length === 1;
}

/** The step waits before it is tried again, or it has failed. Null: somebody moved it first. */
export async function settleAttemptFailed(
  sql: Sql,
  seen: SeenStep,
  { kind, message, exitCode = null, outputs = {}, usage }: StepFailure,
): Promise<"waiting" | "failed" | null> {
  const [row] = await sql<{ settled: "waiting" | "failed" | null }[]>`
    select fairlead.fail_step(${seen.id}, ${seen.version}, ${kind}, ${message}, ${exitCode}, ${sql.json(outputs)},
      ${sql.json((usage ?? {}) as Json)}) as settled`;
  return row?.settled ?? null;
}

/** Lets a step wait, for ever where `seconds` and `until` are null. */
export async function settleWaiting(
  sql: Sql,
  seen: SeenStep,
  waitsFor: WaitsFor,
  end: { readonly seconds: number | null } | { readonly until: Date },
): Promise<boolean> {
  const seconds = "seconds" in end ? end.seconds : null;
  const until = "until" in end ? end.until : null;
  const rows = await sql`
    update fairlead.steps set status = 'waiting', waits_for = ${sql.json(waitsFor as unknown as Json)},
      waits_until = coalesce(${until}::timestamptz, clock_timestamp() + ${seconds}::float8 * interval '1 second')
    where id = ${seen.id} and version = ${seen.version} returning id`;
  return rows.length === 1;
}

/** An attempt that met the usage limit of its credential. */
export interface LimitMet {
  readonly credential: string;
  /** Milliseconds since the epoch. */
  readonly resetsAt: number;
  readonly usage: AgentUsage;
}

/**
 * Lets a step wait until its agent's usage limit resets, and all others with that credential; with each attempt twice as
 * long at least, for a provider's reset may be over by now. False: it has moved on.
 */
export async function settleStepLimited(
  sql: Sql,
  seen: SeenStep,
  { credential, resetsAt, usage }: LimitMet,
): Promise<boolean> {
  const rows = await sql`
    with waiting as (
      update fairlead.steps set status = 'waiting', waits_for = '{"for": "limit"}',
        waits_until = greatest(to_timestamp(${resetsAt}::float8 / 1000),
          clock_timestamp() + interval '1 second' * power(2, least(attempt - 1, 10))),
        cost_usd = least(cost_usd + ${usage.costUsd ?? 0}, 999999), input_tokens = input_tokens + ${usage.inputTokens},
        output_tokens = output_tokens + ${usage.outputTokens}
      where id = ${seen.id} and version = ${seen.version} returning waits_until
    )
    insert into fairlead.usage_limits (credential, resets_at) select ${credential}, waits_until from waiting
    on conflict (credential) do update set resets_at = greatest(fairlead.usage_limits.resets_at, excluded.resets_at),
      noted_at = clock_timestamp()
    returning credential`;
  return rows.length === 1;
}

/** Lets a step wait for a run of another plan, which begins by it. Null: somebody moved the step first. */
export async function startSubrun(
  sql: Sql,
  seen: SeenStep,
  {
    planId,
    variables,
    timeoutSec,
  }: { planId: string; variables: Readonly<Record<string, string>>; timeoutSec: number },
): Promise<RunId | null> {
  const [row] = await sql<{ run: RunId | null }[]>`
    select fairlead.start_subrun(${seen.id}, ${seen.version}, ${planId}, ${sql.json(variables)},
      clock_timestamp() + ${timeoutSec}::float8 * interval '1 second') as run`;
  return row?.run ?? null;
}

/** Lets a run enter the stage of a step, once for each attempt. Throws `MoveIllegal`. */
export async function enterStage(sql: Sql, { id, version }: SeenStep, stage: string): Promise<void> {
  await sql`
    with entering as (
      update fairlead.steps set staged = attempt
      where id = ${id} and version = ${version} and staged < attempt returning run_id
    )
    update fairlead.runs r set stage = ${stage} from entering e where r.id = e.run_id and r.status = 'running'`;
}

/** What a step waited for has come in time, or not at all. */
export async function wakeStep(sql: Sql, seen: SeenStep): Promise<void> {
  await sql`select fairlead.wake_step(${seen.id}, ${seen.version})`;
}

/** Says that nothing of a step that is to be stopped runs any more. */
export async function settleStopped(sql: Sql, seen: SeenStep): Promise<boolean> {
  const [row] = await sql<{ settled: boolean }[]>`
    select fairlead.stopped_step(${seen.id}, ${seen.version}) as settled`;
  return row?.settled === true;
}

/** The run of another plan that a step waits for. */
export async function subrunOf(sql: Sql, stepId: StepId): Promise<Pick<Run, "id" | "finishedAt"> | null> {
  const [run] = await sql<Pick<Run, "id" | "finishedAt">[]>`
    select r.id, r.finished_at from fairlead.steps s join fairlead.runs r on r.id = s.waits_for ->> 'run'
    where s.id = ${stepId}`;
  return run ?? null;
}

export interface Answer {
  readonly runId: RunId;
  /** Null: the one that asks. */
  readonly step: string | null;
  readonly word: string;
  readonly by: string;
  readonly note: string | null;
  /** Binds it to what they saw of the step. */
  readonly seenVersion: number | null;
}

/** Says a person's word to a step that waits for one. */
export async function answerStep(sql: Sql, { runId, step, word, by, note, seenVersion }: Answer): Promise<Step> {
  const [answered] = await sql<Step[]>`
    select ${sql(columns)} from fairlead.answer_step(${runId}, ${word}, ${step}, ${by}, ${note}, ${seenVersion})`;
  if (answered === undefined) throw new Error("answer_step() returned no row");
  return answered;
}
