import type { AgentUsage } from "../domain/agents/agent.ts";
import type { Blueprint } from "../domain/blueprints/blueprint.ts";
import type { Change, ChangeSource, Comment, Seen } from "../domain/change.ts";
import type { Failure } from "../domain/failure.ts";
import type { ChangeId, WorkspaceName } from "../domain/ids.ts";
import type { ChangeStatus } from "../domain/lifecycles.ts";
import type { Json, Sql } from "./sql.ts";

type SeenChange = Seen<ChangeId>;

const columns = [
  "id",
  "workspace",
  "source",
  "requesterId",
  "requesterName",
  "requestText",
  "status",
  "task",
  "version",
  "environmentId",
  "repositoryUrl",
  "branchName",
  "targetBranch",
  "previewUrl",
  "previewPort",
  "agent",
  "agentFree",
  "sessionId",
  "round",
  "continuations",
  "waitsUntil",
  "blueprint",
  "baseCommit",
  "headCommit",
  "mergeCommitSha",
  "summary",
  "feedback",
  "decidedBy",
  "decisionNote",
  "decidedAt",
  "failureKind",
  "failureMessage",
  "failedIn",
  "failedTask",
  "lastFailure",
  "costUsd",
  "inputTokens",
  "outputTokens",
  "sessionTotal",
  "notices",
  "idempotencyKey",
  "createdAt",
  "movedAt",
  "startedAt",
  "finishedAt",
] as const;

/** The change as a job was enqueued for it, or null when it has moved on since: the job is a stale duplicate then. */
export async function changeAsSeen(sql: Sql, { id, version }: SeenChange): Promise<Change | null> {
  const rows = await sql<Change[]>`
    select ${sql(columns)} from fairlead.change_requests where id = ${id} and version = ${version}`;
  return rows[0] ?? null;
}

export async function findChange(sql: Sql, id: ChangeId): Promise<Change | null> {
  const rows = await sql<Change[]>`select ${sql(columns)} from fairlead.change_requests where id = ${id}`;
  return rows[0] ?? null;
}

/** The ids that end in these characters (people copy the short form), at most two: one is an answer, two are not. */
export async function changesEndingIn(sql: Sql, ending: string): Promise<ChangeId[]> {
  const rows = await sql<{ id: ChangeId }[]>`
    select id from fairlead.change_requests where right(id, ${ending.length}) = ${ending} limit 2`;
  return rows.map(({ id }) => id);
}

export interface ChangeFilter {
  readonly workspace?: WorkspaceName | undefined;
  readonly statuses?: readonly ChangeStatus[] | undefined;
  /** Only changes older than this one: the last id of the page before. */
  readonly before?: ChangeId | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listChanges(sql: Sql, { workspace, statuses, before, limit }: ChangeFilter): Promise<Change[]> {
  return sql<Change[]>`
    select ${sql(columns)} from fairlead.change_requests
    where true
      ${workspace === undefined ? sql`` : sql`and workspace = ${workspace}`}
      ${statuses === undefined ? sql`` : sql`and status = any (${statuses as string[]})`}
      ${before === undefined ? sql`` : sql`and id < ${before}`}
    order by id desc limit ${limit}`;
}

/** The approved commits of a repository's changes that were merged last, at most 500. */
export async function listMergedHeads(sql: Sql, repositoryUrl: string): Promise<string[]> {
  const rows = await sql<{ headCommit: string }[]>`
    select c.head_commit from fairlead.change_requests c
    where c.repository_url = ${repositoryUrl} and c.status = 'merged' and c.head_commit is not null
    order by c.finished_at desc limit 500`;
  return rows.map(({ headCommit }) => headCommit);
}

export interface NewChange {
  readonly id: ChangeId;
  readonly workspace: WorkspaceName;
  readonly requestText: string;
  readonly targetBranch: string | null;
  readonly agent: string | null;
  readonly requesterId: string | null;
  readonly requesterName: string | null;
  readonly source: ChangeSource;
  readonly idempotencyKey: string | null;
}

/** Gives back the change that was asked for before, when its idempotency key has been used: its id differs then. */
export async function requestChange(sql: Sql, change: NewChange): Promise<Change> {
  const [made] = await sql<Change[]>`
    select ${sql(columns)} from fairlead.request_change(
      workspace => ${change.workspace}, request_text => ${change.requestText}, target_branch => ${change.targetBranch},
      agent => ${change.agent}, requester_id => ${change.requesterId}, requester_name => ${change.requesterName},
      source => ${change.source}, idempotency_key => ${change.idempotencyKey}, id => ${change.id})`;
  return theRow(made);
}

/** What a person says of a change. `seenVersion` binds it to what they saw. */
export interface Word {
  readonly id: ChangeId;
  readonly by: string;
  readonly note: string | null;
  readonly seenVersion: number | null;
}

export async function approveChange(sql: Sql, { id, by, note, seenVersion }: Word): Promise<Change> {
  const [change] = await sql<Change[]>`
    select ${sql(columns)} from fairlead.approve_change(${id}, ${by}, ${note}, ${seenVersion})`;
  return theRow(change);
}

export async function rejectChange(sql: Sql, { id, by, note, seenVersion }: Word): Promise<Change> {
  const [change] = await sql<Change[]>`
    select ${sql(columns)} from fairlead.reject_change(${id}, ${by}, ${note}, ${seenVersion})`;
  return theRow(change);
}

export async function cancelChange(sql: Sql, { id, by, note, seenVersion }: Word): Promise<Change> {
  const [change] = await sql<Change[]>`
    select ${sql(columns)} from fairlead.cancel_change(${id}, ${by}, ${note}, ${seenVersion})`;
  return theRow(change);
}

export async function retryChange(sql: Sql, { id, by, seenVersion }: Word): Promise<Change> {
  const [change] = await sql<Change[]>`
    select ${sql(columns)} from fairlead.retry_change(${id}, ${by}, ${seenVersion})`;
  return theRow(change);
}

export async function requestChanges(sql: Sql, word: Word, comments: readonly Comment[]): Promise<Change> {
  const [change] = await sql<Change[]>`
    select ${sql(columns)} from fairlead.request_changes(
      ${word.id}, ${word.note}, ${word.by}, ${sql.json(comments as unknown as Json)}, ${word.seenVersion})`;
  return theRow(change);
}

// Each settlement below is one statement, guarded by the version that its task was enqueued for.
// False: somebody moved the change first, and nothing was written.

export interface Provisioned {
  readonly branchName: string;
  readonly targetBranch: string;
  readonly baseCommit: string;
  readonly blueprint: Blueprint;
}

export async function settleProvisioned(sql: Sql, seen: SeenChange, found: Provisioned): Promise<boolean> {
  const rows = await sql`
    update fairlead.change_requests set status = 'implementing', branch_name = ${found.branchName},
      target_branch = ${found.targetBranch}, base_commit = ${found.baseCommit},
      blueprint = ${sql.json(found.blueprint as unknown as Json)}
    where id = ${seen.id} and version = ${seen.version} returning id`;
  return rows.length === 1;
}

export interface Implemented {
  readonly headCommit: string;
  /** The merge base with the target as it is now. */
  readonly baseCommit: string;
  readonly summary: string | null;
  readonly sessionId: string | null;
  readonly usage: AgentUsage;
  readonly sessionTotal: AgentUsage | null;
}

export async function settleImplemented(sql: Sql, seen: SeenChange, found: Implemented): Promise<boolean> {
  const rows = await sql`
    update fairlead.change_requests set task = 'preview', head_commit = ${found.headCommit}, base_commit = ${found.baseCommit},
      summary = coalesce(${found.summary}, summary), session_id = ${found.sessionId},
      session_total = ${found.sessionTotal === null ? null : sql.json(found.sessionTotal as unknown as Json)},
      cost_usd = least(cost_usd + ${found.usage.costUsd ?? 0}, 999999), input_tokens = input_tokens + ${found.usage.inputTokens},
      output_tokens = output_tokens + ${found.usage.outputTokens}
    where id = ${seen.id} and version = ${seen.version} returning id`;
  return rows.length === 1;
}

/** Says on which port the preview is about to be started, for whoever has to find it after a crash; false: moved on. */
export async function notePreviewPort(sql: Sql, seen: SeenChange, port: number): Promise<boolean> {
  const rows = await sql`
    update fairlead.change_requests set preview_port = ${port}
    where id = ${seen.id} and version = ${seen.version} returning id`;
  return rows.length === 1;
}

export interface Deployed {
  /** Null when the repository has nothing to serve: the change is judged by its diff then. */
  readonly preview: { readonly url: string; readonly port: number } | null;
}

export async function settleDeployed(sql: Sql, seen: SeenChange, { preview }: Deployed): Promise<boolean> {
  const rows = await sql`
    update fairlead.change_requests set status = 'deployed', preview_url = ${preview?.url ?? null},
      preview_port = ${preview?.port ?? null}
    where id = ${seen.id} and version = ${seen.version} returning id`;
  return rows.length === 1;
}

export async function settleMerged(sql: Sql, seen: SeenChange, mergeCommit: string): Promise<boolean> {
  const rows = await sql`
    update fairlead.change_requests set status = 'merged', merge_commit_sha = ${mergeCommit}
    where id = ${seen.id} and version = ${seen.version} returning id`;
  return rows.length === 1;
}

/** A merge that landed although the change was ended meanwhile: a person has to know, and a retry finds it landed. */
export async function noteLanded(sql: Sql, id: ChangeId, mergeCommit: string): Promise<void> {
  await sql`
    update fairlead.change_requests set merge_commit_sha = ${mergeCommit},
      failure_message = failure_message || ${`; but the merge had landed already, as ${mergeCommit}: revert it there, or retry to finish`}
    where id = ${id} and status = 'failed' and merge_commit_sha is null`;
}

/** `usage` is what a failed run of the agent cost all the same. */
export async function settleFailed(
  sql: Sql,
  seen: SeenChange,
  failure: Failure,
  usage: AgentUsage = { costUsd: 0, inputTokens: 0, outputTokens: 0 },
): Promise<boolean> {
  const rows = await sql`
    update fairlead.change_requests set status = 'failed', failure_kind = ${failure.kind},
      failure_message = ${failure.message}, cost_usd = least(cost_usd + ${usage.costUsd ?? 0}, 999999),
      input_tokens = input_tokens + ${usage.inputTokens}, output_tokens = output_tokens + ${usage.outputTokens}
    where id = ${seen.id} and version = ${seen.version} returning id`;
  return rows.length === 1;
}

/** A function that returns one row always does; this is for the type checker, and says where if it ever does not. */
function theRow(row: Change | undefined): Change {
  if (row === undefined) throw new Error("a function of the schema fairlead returned no row");
  return row;
}
