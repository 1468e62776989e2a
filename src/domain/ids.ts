declare const brand: unique symbol;

/** A string that is known to name one kind of thing. Cast in `src/wire` and `src/store` only. */
export type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type ChangeId = Id<"change">;
export type EnvironmentId = Id<"environment">;
/** A workspace's name is its identity: lower case letters, digits and dashes. */
export type WorkspaceName = Id<"workspace">;
export type TokenId = Id<"token">;
