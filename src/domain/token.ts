import type { TokenId } from "./ids.ts";
import type { Role } from "./role.ts";

/** A token as it is known, but for its secret. */
export interface Token {
  readonly id: TokenId;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** What a token as it is shown is made of: the id finds its row, the secret proves it. */
export interface TokenParts {
  readonly id: TokenId;
  readonly secret: string;
}
