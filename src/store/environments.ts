import { type AgentUsage, noUsage } from "../domain/agents/agent.ts";
import type { Seen } from "../domain/change.ts";
import type { DataFolderId } from "../domain/data-folder.ts";
import type { EnvironmentRow } from "../domain/environment.ts";
import type { ChangeId, EnvironmentId, WorkspaceName } from "../domain/ids.ts";
import type { Json, Sql } from "./sql.ts";

type SeenEnvironment = Seen<EnvironmentId>;

const columns = [
  "id",
  "workspace",
  "changeId",
  "runId",
  "provider",
  "repositoryUrl",
  "status",
  "task",
  "version",
  "firstPort",
  "dataFolder",
  "note",
  "createdAt",
  "movedAt",
  "lastUsedAt",
  "finishedAt",
] as const;

/** The environment as a job was enqueued for it, or null when it has moved on since. */
export async function environmentAsSeen(sql: Sql, { id, version }: SeenEnvironment): Promise<EnvironmentRow | null> {
  const rows = await sql<EnvironmentRow[]>`
    select ${sql(columns)} from fairlead.environments where id = ${id} and version = ${version}`;
  return rows[0] ?? null;
}

export async function findEnvironment(sql: Sql, id: EnvironmentId): Promise<EnvironmentRow | null> {
  const rows = await sql<EnvironmentRow[]>`select ${sql(columns)} from fairlead.environments where id = ${id}`;
  return rows[0] ?? null;
}

/** The environments that are there, oldest first. */
export async function listEnvironments(
  sql: Sql,
  workspace: WorkspaceName | null,
  limit: number,
): Promise<EnvironmentRow[]> {
  return sql<EnvironmentRow[]>`
    select ${sql(columns)} from fairlead.environments
    where status <> 'terminated' ${workspace === null ? sql`` : sql`and workspace = ${workspace}`}
    order by created_at, id limit ${limit}`;
}

/** Tells the enforcer that somebody is at work in it. */
export async function touchEnvironment(sql: Sql, id: EnvironmentId): Promise<void> {
  await sql`update fairlead.environments set last_used_at = now() where id = ${id}`;
}

export async function settleTerminated(sql: Sql, seen: SeenEnvironment): Promise<boolean> {
  const rows = await sql`
    update fairlead.environments set status = 'terminated', note = null
    where id = ${seen.id} and version = ${seen.version} returning id`;
  return rows.length === 1;
}

/** The clean-up could not finish: says why, and enqueues it again for later under the same version. */
export async function postponeCleanup(sql: Sql, seen: SeenEnvironment, note: string, delayMs: number): Promise<void> {
  await sql`
    with noted as (
      update fairlead.environments set note = ${note} where id = ${seen.id} and version = ${seen.version} returning id, version
    )
    select fairlead.enqueue_due(id, version, now() + ${delayMs} * interval '1 millisecond') from noted`;
}

export interface AgeLimits {
  readonly idleMs: number;
  readonly ageMs: number;
}

/**
 * Sends environments to their clean-up that are idle or over their age, never those of a change or a run that is still going on.
 * Returns their ids.
 */
export async function terminateExpired(sql: Sql, { idleMs, ageMs }: AgeLimits): Promise<EnvironmentId[]> {
  const rows = await sql<{ id: EnvironmentId }[]>`
    update fairlead.environments e set status = 'terminating'
    where e.status in ('ready', 'provisioning', 'failed')
      and (e.last_used_at < now() - ${idleMs} * interval '1 millisecond'
        or e.created_at < now() - ${ageMs} * interval '1 millisecond')
      and not exists (
        select from fairlead.change_requests c
        where c.id = e.change_id and c.environment_id = e.id and c.finished_at is null)
      and not exists (select from fairlead.runs r where r.id = e.run_id and r.finished_at is null)
    returning e.id`;
  return rows.map(({ id }) => id);
}

/** Sends one to its clean-up, unless a change or a run that is still going on needs it; false then, or when it is not there. */
export async function terminateEnvironment(sql: Sql, id: EnvironmentId): Promise<boolean> {
  const rows = await sql`
    update fairlead.environments e set status = 'terminating'
    where e.id = ${id} and e.status in ('ready', 'provisioning', 'failed') and not exists (
      select from fairlead.change_requests c
      where c.id = e.change_id and c.environment_id = e.id and c.finished_at is null)
      and not exists (select from fairlead.runs r where r.id = e.run_id and r.finished_at is null)
    returning e.id`;
  return rows.length === 1;
}

/** Why an environment should not be on a disk: the database doesn't know it, it is terminated, or it is another folder's. */
export type Stray = { readonly id: EnvironmentId; readonly of: "unknown" | "ended" | "elsewhere" };

/** Those of these environments, found in a data folder, that should not be there. */
export async function strayEnvironments(
  sql: Sql,
  ids: readonly EnvironmentId[],
  folder: DataFolderId | null,
): Promise<Stray[]> {
  return sql<Stray[]>`
    select there.id, case when e.id is null then 'unknown'
      when e.data_folder is not null and e.data_folder is distinct from ${folder} then 'elsewhere' else 'ended' end as of
    from unnest(${[...ids] as string[]}::text[]) as there(id) left join fairlead.environments e on e.id = there.id
    where e.id is null or e.status = 'terminated'
      or (e.data_folder is not null and e.data_folder is distinct from ${folder})`;
}

/**
 * Gives up the environment of a change, which has lost it: a fresh one follows, at most twice. `why` is a sentence's
 * beginning for people, `usage` what its agent had cost. False when the change has moved on since.
 */
export async function loseEnvironment(
  sql: Sql,
  change: Seen<ChangeId>,
  why: string,
  usage: AgentUsage = noUsage,
): Promise<boolean> {
  const [row] = await sql<{ lost: boolean }[]>`
    select fairlead.lose_environment(${change.id}, ${change.version}, ${why}, ${sql.json(usage as unknown as Json)}) as lost`;
  return row?.lost ?? false;
}

/** How many environments of a change are not gone yet. */
export async function environmentsLeft(sql: Sql, changeId: ChangeId): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*) from fairlead.environments where change_id = ${changeId} and status <> 'terminated'`;
  return row?.count ?? 0;
}
