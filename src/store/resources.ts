import type { ChangeId, EnvironmentId } from "../domain/ids.ts";
import type { Resource } from "../domain/resource.ts";
import type { Sql } from "./sql.ts";

/** Whose resources they are. */
export interface Owner {
  readonly environmentId: EnvironmentId;
  readonly changeId: ChangeId | null;
}

/** Writes down what is about to be made, so that whoever comes after a crash knows what to look for. Repeatable. */
export async function intendResources(sql: Sql, owner: Owner, resources: readonly Resource[]): Promise<void> {
  await sql`
    insert into fairlead.resources (environment_id, change_id, kind, name)
    select ${owner.environmentId}, ${owner.changeId}, r.kind, r.name
    from jsonb_to_recordset(${sql.json(resources as never)}::jsonb) as r(kind text, name text)
    on conflict (environment_id, kind, name) do update set state = 'intended', gone_at = null, note = null
      where fairlead.resources.state in ('gone', 'kept')`;
}

/**
 * Writes down a process that is about to be started, as above, and says whether one of that name was noted as present
 * before.
 */
export async function intendProcess(sql: Sql, { environmentId, changeId }: Owner, name: string): Promise<boolean> {
  const [row] = await sql<{ wasPresent: boolean }[]>`
    with intended as (
      insert into fairlead.resources (environment_id, change_id, kind, name)
      values (${environmentId}, ${changeId}, 'process', ${name})
      on conflict (environment_id, kind, name) do update set state = 'intended', gone_at = null, note = null
        where fairlead.resources.state in ('gone', 'kept')
    )
    select exists (select from fairlead.resources
      where environment_id = ${environmentId} and kind = 'process' and name = ${name} and state = 'present') as was_present`;
  return row?.wasPresent === true;
}

/** Says that they have been made. */
export async function notePresent(sql: Sql, owner: Owner, resources: readonly Resource[]): Promise<void> {
  await sql`
    update fairlead.resources r set state = 'present', present_at = clock_timestamp()
    from jsonb_to_recordset(${sql.json(resources as never)}::jsonb) as made(kind text, name text)
    where r.environment_id = ${owner.environmentId} and r.kind = made.kind and r.name = made.name
      and r.state = 'intended'`;
}

/** Crosses out what a look at the world has not found any more. What is kept lies elsewhere, and stays noted. */
export async function noteGone(sql: Sql, id: EnvironmentId, resources: readonly Resource[]): Promise<void> {
  await sql`
    update fairlead.resources r set state = 'gone', gone_at = clock_timestamp(), note = null
    from jsonb_to_recordset(${sql.json(resources as never)}::jsonb) as looked_for(kind text, name text)
    where r.environment_id = ${id} and r.kind = looked_for.kind and r.name = looked_for.name
      and r.state in ('intended', 'present')`;
}

/** A checkout that stays on purpose when its environment goes; `why` says where, and for what. */
export async function noteCheckoutKept(sql: Sql, id: EnvironmentId, why: string): Promise<void> {
  await sql`
    update fairlead.resources set state = 'kept', note = ${why}
    where environment_id = ${id} and kind = 'worktree' and state <> 'kept'`;
}

/** The same for a checkout that was found after its environment was terminated: the ledger may lack it, or have an earlier one. */
export async function noteStrayKept(sql: Sql, id: EnvironmentId, why: string): Promise<void> {
  await sql`
    insert into fairlead.resources as r (environment_id, change_id, kind, name, state, note)
    select e.id, e.change_id, 'worktree', 'checkout', 'kept', ${why} from fairlead.environments e where e.id = ${id}
    on conflict (environment_id, kind, name) do update set state = 'kept',
      note = case r.state when 'kept' then r.note || '; ' || excluded.note else excluded.note end`;
}

/** Checkouts in `kept/`, and those that were left behind in other data folders; the newest first. */
export async function listKept(
  sql: Sql,
  limit: number,
): Promise<{ readonly environmentId: EnvironmentId; readonly note: string }[]> {
  return sql<{ environmentId: EnvironmentId; note: string }[]>`
    select environment_id, coalesce(note, '') as note from fairlead.resources
    where state = 'kept' and kind = 'worktree' order by environment_id desc limit ${limit}`;
}

/** A branch that stays on purpose, though its change has ended; `why` says for what. */
export async function noteBranchKept(sql: Sql, changeId: ChangeId, branch: string, why: string): Promise<void> {
  await sql`
    update fairlead.resources set state = 'kept', note = ${why}
    where change_id = ${changeId} and kind = 'branch' and name = ${branch}`;
}

/** A branch is all its change's environments': once it has been seen gone, it is gone for each of them. */
export async function noteBranchGone(sql: Sql, changeId: ChangeId, branch: string): Promise<void> {
  await sql`
    update fairlead.resources set state = 'gone', gone_at = clock_timestamp()
    where change_id = ${changeId} and kind = 'branch' and name = ${branch} and state <> 'gone'`;
}

/** What of an environment is still written down as there, or as about to be. */
export async function resourcesLeft(sql: Sql, id: EnvironmentId): Promise<Resource[]> {
  return sql<Resource[]>`
    select kind, name from fairlead.resources
    where environment_id = ${id} and state in ('intended', 'present') order by kind, name`;
}

/** Whether something has been written down as made. */
export async function isPresent(sql: Sql, id: EnvironmentId, { kind, name }: Resource): Promise<boolean> {
  const rows = await sql`
    select from fairlead.resources
    where environment_id = ${id} and kind = ${kind} and name = ${name} and state = 'present'`;
  return rows.length === 1;
}

/** How long ago a process was first intended, in milliseconds by Postgres' clock, which all workers share. */
export async function processAgeMs(sql: Sql, id: EnvironmentId, name: string): Promise<number> {
  const [row] = await sql<{ age: number }[]>`
    select extract(epoch from clock_timestamp() - intended_at)::float8 * 1000 as age from fairlead.resources
    where environment_id = ${id} and kind = 'process' and name = ${name}`;
  return row?.age ?? 0;
}

/** A row of the view `fairlead.leaks`. */
export interface Leak extends Resource {
  readonly changeId: ChangeId | null;
  readonly environmentId: EnvironmentId;
  readonly since: Date;
}

/** What is there, or may be, although nobody needs it; oldest first. */
export async function listLeaks(sql: Sql, limit: number): Promise<Leak[]> {
  return sql<Leak[]>`
    select kind, name, change_id, environment_id, since from fairlead.leaks order by since limit ${limit}`;
}
