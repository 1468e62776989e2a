import { z } from "zod";
import type { TokenId } from "../domain/ids.ts";
import { roles } from "../domain/role.ts";
import type { Token, TokenParts } from "../domain/token.ts";
import { iso, isoOrNull, someText, timestamp } from "./text.ts";

export const newToken = z
  .strictObject({
    name: someText(100).meta({ description: "Who it is for: decisions made with it carry this name" }),
    role: z.enum(roles).meta({ description: "Each role may do all that the ones before it may" }),
  })
  .meta({ id: "NewToken" });

export const tokenView = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(roles),
    created_at: timestamp,
    last_used_at: timestamp.nullable(),
    revoked_at: timestamp.nullable(),
  })
  .meta({ id: "Token" });

export const tokenList = z.object({ tokens: z.array(tokenView) });

export const createdToken = tokenView
  .extend({ token: z.string().meta({ description: "Shown this once and kept nowhere" }) })
  .meta({ id: "CreatedToken" });

/** `fl_<id>_<secret>`, as a caller presents it; null when it is nothing of the kind. */
export function tokenParts(presented: string): TokenParts | null {
  const [, id, secret] = /^fl_([0-9A-HJKMNP-TV-Z]{26})_([\w-]{43})$/.exec(presented) ?? [];
  return id === undefined || secret === undefined ? null : { id: id as TokenId, secret };
}

export function viewToken(token: Token): z.infer<typeof tokenView> {
  return {
    id: token.id,
    name: token.name,
    role: token.role,
    created_at: iso(token.createdAt),
    last_used_at: isoOrNull(token.lastUsedAt),
    revoked_at: isoOrNull(token.revokedAt),
  };
}
