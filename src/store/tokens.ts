import type { TokenId } from "../domain/ids.ts";
import type { Role } from "../domain/role.ts";
import type { Token } from "../domain/token.ts";
import type { Sql } from "./sql.ts";

const columns = ["id", "name", "role", "createdAt", "lastUsedAt", "revokedAt"] as const;

export async function addToken(sql: Sql, token: { name: string; role: Role; hash: Buffer }): Promise<Token> {
  const [row] = await sql<[Token]>`
    insert into fairlead.api_tokens (name, role, hash) values (${token.name}, ${token.role}, ${token.hash})
    returning ${sql(columns)}`;
  return row;
}

/** Adds it only where there has never been a token, revoked ones included; null when there has. */
export async function addFirstToken(
  sql: Sql,
  token: { name: string; role: Role; hash: Buffer },
): Promise<Token | null> {
  const rows = await sql<Token[]>`
    with guard as (select pg_advisory_xact_lock(hashtextextended('fairlead.first_token', 0)))
    insert into fairlead.api_tokens (name, role, hash)
    select ${token.name}, ${token.role}, ${token.hash} from guard
    where not exists (select from fairlead.api_tokens)
    returning ${sql(columns)}`;
  return rows[0] ?? null;
}

/** The token with this id that has not been revoked, with its hash to compare. */
export async function tokenWithId(sql: Sql, id: TokenId): Promise<(Token & { hash: Buffer }) | null> {
  const rows = await sql<(Token & { hash: Buffer })[]>`
    select ${sql(columns)}, hash from fairlead.api_tokens where id = ${id} and revoked_at is null`;
  return rows[0] ?? null;
}

/** Which of these tokens were revoked or deleted. */
export async function revokedTokens(sql: Sql, ids: readonly TokenId[]): Promise<TokenId[]> {
  const rows = await sql<{ id: TokenId }[]>`
    select asked.id from unnest(${ids as TokenId[]}::text[]) as asked (id) where not exists (
      select from fairlead.api_tokens t where t.id = asked.id and t.revoked_at is null)`;
  return rows.map(({ id }) => id);
}

/** Once a minute is enough: it tells which tokens are in use. */
export async function noteTokenUse(sql: Sql, id: TokenId): Promise<void> {
  await sql`
    update fairlead.api_tokens set last_used_at = now()
    where id = ${id} and (last_used_at is null or last_used_at < now() - interval '1 minute')`;
}

export async function listTokens(sql: Sql, limit: number): Promise<Token[]> {
  return sql<Token[]>`select ${sql(columns)} from fairlead.api_tokens order by created_at desc limit ${limit}`;
}

/** False when there is no such token, or it had been revoked. */
export async function revokeToken(sql: Sql, id: TokenId): Promise<boolean> {
  const rows = await sql`
    update fairlead.api_tokens set revoked_at = now() where id = ${id} and revoked_at is null returning id`;
  return rows.length === 1;
}
