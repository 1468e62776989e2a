import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { TokenUnknown } from "../domain/faults/requests.ts";
import type { TokenId } from "../domain/ids.ts";
import type { Role } from "../domain/role.ts";
import type { Token, TokenParts } from "../domain/token.ts";
import * as store from "../store/tokens.ts";
import type { Services } from "./services.ts";

type Stored = Pick<Services, "sql">;

/** A token as it is shown once: `fl_<id>_<secret>`. */
export interface NewToken {
  readonly row: Token;
  readonly token: string;
}

export async function createToken({ sql }: Stored, name: string, role: Role): Promise<NewToken> {
  const secret = newSecret();
  const row = await store.addToken(sql, { name, role, hash: hashOf(secret) });
  return { row, token: written(row.id, secret) };
}

/** The first token of an installation, for an admin; null when there has been one before. */
export async function createFirstToken({ sql }: Stored): Promise<NewToken | null> {
  const secret = newSecret();
  const row = await store.addFirstToken(sql, { name: "first", role: "admin", hash: hashOf(secret) });
  return row === null ? null : { row, token: written(row.id, secret) };
}

/** Who presents this token; null when it is not one of ours, or was revoked. */
export async function recogniseToken({ sql }: Stored, { id, secret }: TokenParts): Promise<Token | null> {
  const row = await store.tokenWithId(sql, id);
  // Compared also when there is no such row, so that time does not tell which it was.
  const same = timingSafeEqual(hashOf(secret), row?.hash ?? hashOf(newSecret()));
  if (row === null || !same) return null;
  await store.noteTokenUse(sql, row.id);
  return row;
}

export async function revokeToken({ sql }: Stored, id: TokenId): Promise<void> {
  if (!(await store.revokeToken(sql, id))) throw new TokenUnknown(id);
}

function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** 256 bits of chance need no slow hash: there is nothing to guess. */
function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

function written(id: TokenId, secret: string): string {
  return `fl_${id}_${secret}`;
}
