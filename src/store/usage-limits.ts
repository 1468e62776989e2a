import type { AgentSession } from "../domain/agents/agent.ts";
import type { Change } from "../domain/change.ts";
import type { Json, Sql } from "./sql.ts";

/** When a credential can be used again, if its limit is known to be reached now. By Postgres' clock. */
export async function limitedUntil(sql: Sql, credential: string): Promise<Date | null> {
  const [row] = await sql<{ resetsAt: Date }[]>`
    select resets_at from fairlead.usage_limits where credential = ${credential} and resets_at > clock_timestamp()`;
  return row?.resetsAt ?? null;
}

/** Lets a change wait whose agent's credential is used up, though it has not run yet; false: it has moved on. */
export async function waitForReset(sql: Sql, seen: Change, until: Date): Promise<boolean> {
  const rows = await sql`
    with waiting as (
      update fairlead.change_requests set waits_until = ${until}
      where id = ${seen.id} and version = ${seen.version} returning id, version, waits_until)
    select fairlead.enqueue_due(id, version, waits_until) from waiting`;
  return rows.length === 1;
}

/** A run of an agent that met the usage limit of its credential. */
export interface Limited {
  readonly credential: string;
  /** Milliseconds since the epoch. */
  readonly resetsAt: number;
  readonly session: AgentSession;
}

/**
 * Settles such a run: what it cost and the conversation to go on with, the limit for all others with that credential,
 * and the job that continues it. A provider's reset may be over by now or a little off, so each continuation waits a
 * second at least, and twice as long as the one before. False: somebody else has settled it.
 */
export async function settleLimited(
  sql: Sql,
  seen: Change,
  { credential, resetsAt, session }: Limited,
): Promise<boolean> {
  const { id, total, usage } = session;
  const rows = await sql`
    with limited as (
      select greatest(to_timestamp(${resetsAt}::float8 / 1000),
        clock_timestamp() + interval '1 second' * power(2, least(${seen.continuations}::int, 10))) as until
    ), waiting as (
      update fairlead.change_requests c set waits_until = l.until, continuations = c.continuations + 1,
        session_id = coalesce(${id}, c.session_id), session_total = ${sql.json(total as unknown as Json)},
        cost_usd = least(c.cost_usd + ${usage.costUsd ?? 0}, 999999), input_tokens = c.input_tokens + ${usage.inputTokens},
        output_tokens = c.output_tokens + ${usage.outputTokens}
      from limited l
      where c.id = ${seen.id} and c.version = ${seen.version} and c.continuations = ${seen.continuations}
      returning c.id, c.version, c.waits_until
    ), noted as (
      insert into fairlead.usage_limits (credential, resets_at) select ${credential}, waits_until from waiting
      on conflict (credential) do update set resets_at = greatest(fairlead.usage_limits.resets_at, excluded.resets_at),
        noted_at = clock_timestamp()
    )
    select fairlead.enqueue_due(id, version, waits_until) from waiting`;
  return rows.length === 1;
}
