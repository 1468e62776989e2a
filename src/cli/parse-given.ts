import type { z } from "zod";
import { GivenInvalid } from "../domain/faults/cli.ts";
import { findUnstorable } from "../domain/json/unstorable.ts";
import { oneLine } from "../domain/texts/text.ts";

/** Parses what was given on the command line by the API's own schema. Throws `GivenInvalid` with all that is wrong. */
export function parseGiven<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given);
  // Some input has parts without a schema, such as the settings of an agent.
  const wrong = parsed.success
    ? findUnstorable(given, { most: mostProblems }).map(({ place, message }) => ({ path: place, message }))
    : parsed.error.issues.slice(0, mostProblems);
  if (wrong.length > 0) throw new GivenInvalid(wrong.map(({ path, message }) => about(path, given, message)));
  return parsed.data as z.output<Schema>; // it was parsed: nothing is wrong
}

const mostProblems = 20;

function about(path: readonly PropertyKey[], given: unknown, message: string): string {
  return oneLine(`${subject(path, given)} ${message}`, 300);
}

/** Which field it is about; what was given itself, where that is no more than a word. */
function subject(path: readonly PropertyKey[], given: unknown): string {
  if (path.length === 0 && typeof given === "string") return `"${oneLine(given)}"`;
  return path.join(".").replaceAll("_", "-");
}
