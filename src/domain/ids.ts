declare const brand: unique symbol;

/** A string that is known to name one kind of thing. Cast where one is made, parsed or read from Postgres only. */
export type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type ChangeId = Id<"change">;
export type EnvironmentId = Id<"environment">;
/** A workspace's name is its identity: lower case letters, digits and dashes. */
export type WorkspaceName = Id<"workspace">;
export type TokenId = Id<"token">;

/** How a person names something: by its id, or by the last characters of it, as they stand in a branch's name. */
export type IdOrEnding<EntityId> = { readonly id: EntityId } | { readonly ending: string };
