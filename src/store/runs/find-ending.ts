import type { EnvironmentId, TokenId } from "../../domain/ids.ts";
import type { Sql } from "../sql.ts";

// At most two each: one is an answer, two are not.

/** Of the environments that are there. */
export async function environmentsEndingIn(sql: Sql, ending: string): Promise<EnvironmentId[]> {
  const rows = await sql<{ id: EnvironmentId }[]>`
    select id from fairlead.environments
    where right(id, ${ending.length}) = ${ending} and status <> 'terminated' limit 2`;
  return rows.map(({ id }) => id);
}

/** Of the tokens that have not been revoked. */
export async function tokensEndingIn(sql: Sql, ending: string): Promise<TokenId[]> {
  const rows = await sql<{ id: TokenId }[]>`
    select id from fairlead.api_tokens where right(id, ${ending.length}) = ${ending} and revoked_at is null limit 2`;
  return rows.map(({ id }) => id);
}
