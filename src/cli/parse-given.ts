import type { z } from "zod";
import { GivenInvalid } from "../domain/faults/cli.ts";
import { oneLine } from "../domain/text.ts";

/** Parses what was given on the command line by the API's own schema. Throws `GivenInvalid` with all that is wrong. */
export function parseGiven<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new GivenInvalid(parsed.error.issues.map(({ path, message }) => `${subject(path, given)} ${message}`.trim()));
}

/** Which field it is about; what was given itself, where that is no more than a word. */
function subject(path: readonly PropertyKey[], given: unknown): string {
  if (path.length === 0 && typeof given === "string") return `"${oneLine(given)}"`;
  return path.join(".").replaceAll("_", "-");
}
