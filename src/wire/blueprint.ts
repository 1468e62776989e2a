import { z } from "zod";
import type { BlueprintSettings, Command } from "../domain/blueprints/blueprint.ts";
import { splitWords } from "../domain/blueprints/command.ts";
import { BlueprintInvalid } from "../domain/faults/previews.ts";
import { parseJson } from "../domain/json/parse-json.ts";
import { firstOf } from "./plans/plan-fields.ts";

const word = z
  .string()
  .max(10_000)
  .refine((text) => !text.includes("\0"), "has a NUL byte in it")
  .refine((text) => text.isWellFormed(), "is not well-formed Unicode");

const mostWords = 200;

const words = z
  .preprocess((given) => firstOf(given, mostWords + 1), z.array(word).min(1, "names no program").max(mostWords))
  .transform((list, context): Command => {
    const [program = "", ...args] = list;
    if (program.trim() === "") context.addIssue("names no program");
    return [program, ...args];
  });

const line = word.transform((text, context): Command => {
  const split = splitWords(text);
  if (split !== null) return split;
  context.addIssue('is empty or needs a shell; if you mean one, write ["sh", "-c", "…"]');
  return z.NEVER;
});

/** `["npm", "run", "dev"]`, or `"npm run dev"` split into words as a shell would, but run without one. */
const command = z.union([line, words], {
  error: 'is neither a command line nor a list of words such as ["npm", "run", "dev"]',
});

/** What a workspace's settings and `.fairlead.json` may say of a blueprint. */
export const blueprintSettings = z.strictObject({
  setup: command.nullable().optional(),
  start: command.nullable().optional(),
  check: command.nullable().optional(),
  port: z.int().min(1).max(65_535).nullable().optional(),
});

const blueprintFile = blueprintSettings.extend({ $schema: z.string().optional() });

/** Reads the text of `.fairlead.json`. Throws `BlueprintInvalid`. */
export function parseBlueprintFile(text: string): BlueprintSettings {
  const parsed = blueprintFile.safeParse(jsonOf(text.replace(/^\ufeff/, "")));
  if (parsed.success) {
    const { $schema, ...settings } = parsed.data;
    return settings;
  }
  const [issue] = parsed.error.issues;
  const field = issue?.path.length ? `"${issue.path.join(".")}" ` : "";
  throw new BlueprintInvalid(".fairlead.json", `${field}${deepest(issue)}`);
}

/** A union's own message says less than that of the branch which came furthest. */
function deepest(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code !== "invalid_union") return issue?.message ?? "it is not understood";
  const inner = issue.errors.flat().find(({ code }) => code === "custom" || code === "too_small");
  return inner?.message ?? issue.message;
}

function jsonOf(text: string): unknown {
  const parsed = parseJson(text);
  if ("value" in parsed) return parsed.value;
  throw new BlueprintInvalid(".fairlead.json", `it ${parsed.problem}`);
}
