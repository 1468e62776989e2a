import { z } from "zod";
import type { ChangeId, EnvironmentId, IdOrEnding, TokenId, WorkspaceName } from "../domain/ids.ts";
import type { RunId } from "../domain/plans/run.ts";

const ulid = z
  .string()
  .regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i, "is not an id: 26 letters and digits")
  .transform((id) => id.toUpperCase());

/** In a query or a body, where the whole id is wanted. */
export const changeId = ulid.transform((id) => id as ChangeId).meta({ id: "ChangeId", description: "A ULID" });

export const environmentId = ulid.transform((id) => id as EnvironmentId).meta({ description: "An environment's id" });

export const runId = ulid.transform((id) => id as RunId).meta({ description: "A run's id" });

export const tokenId = ulid.transform((id) => id as TokenId).meta({ description: "A token's id" });

// In a path and on the command line, where its last characters are enough.

export const changeName = idOrEnding<ChangeId>().meta({
  description: "A change's id, or its last characters: at least four, in any case.",
});

export const environmentName = idOrEnding<EnvironmentId>();

export const runName = idOrEnding<RunId>().meta({
  description: "A run's id, or its last characters: at least four, in any case.",
});

export const planId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "is not a plan's id: lower case letters, digits and dashes, at most 63")
  .meta({ description: "A plan's `plan_id`" });

export const tokenName = idOrEnding<TokenId>();

export const workspaceName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "is not a workspace's name: lower case letters, digits and dashes, at most 63")
  .transform((name) => name as WorkspaceName)
  .meta({ description: "A workspace's name" });

function idOrEnding<EntityId extends string>() {
  return z
    .string()
    .regex(/^[0-9A-Za-z]{1,26}$/, "is not an id, nor the end of one")
    .min(4, "is too short: give four characters or more of its id")
    .transform((text): IdOrEnding<EntityId> => {
      const name = text.toUpperCase();
      return name.length === 26 ? { id: name as EntityId } : { ending: name };
    });
}
