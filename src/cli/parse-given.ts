import type { z } from "zod";
import { GivenInvalid } from "../domain/faults/cli.ts";

/** Parses what was given on the command line by the API's own schema. Throws `GivenInvalid` with all that is wrong. */
export function parseGiven<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new GivenInvalid(
    parsed.error.issues.map(({ path, message }) => `${path.join(".").replaceAll("_", "-")} ${message}`.trim()),
  );
}
