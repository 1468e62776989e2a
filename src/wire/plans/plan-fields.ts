import { z } from "zod";
import { templateName } from "../../domain/plans/template.ts";

// What the schema of a plan file is put together from. Which characters a text may hold, and how many, is looked at for
// the whole file at once (src/domain/plan-checks/json.ts); what goes beyond one field is, in src/domain/plans/check-sketch.ts.

export const text = z.string().meta({ maxLength: 100_000 });
export const someText = matching(/\S/, "is empty", "say something here").meta({ minLength: 1, maxLength: 100_000 });

const stepIdPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const stagePattern = /^[A-Z][A-Z0-9_]{0,31}$/;

export const stepId = matching(
  stepIdPattern,
  "can't be the id of a step",
  "it takes 1 to 64 letters, digits, - and _, and begins with a letter or a digit",
);
export const planId = matching(
  /^[a-z0-9][a-z0-9-]{0,62}$/,
  "can't be the id of a plan",
  "it takes 1 to 63 small letters, digits and -, and begins with a letter or a digit",
);
export const stageName = matching(
  stagePattern,
  "can't be the name of a stage",
  "it takes 1 to 32 capitals, digits and _, and begins with a capital",
);
export const variableName = matching(
  templateName,
  "can't be the name of a variable or an output",
  "it takes 1 to 64 letters, digits and _, and does not begin with a digit",
);
const environmentName = matching(
  /^(?!FAIRLEAD_)[A-Za-z_][A-Za-z0-9_]{0,199}$/,
  "can't be the name of an environment variable",
  "it takes 1 to 200 letters, digits and _, begins with no digit, and not with FAIRLEAD_: those Fairlead sets itself",
);

/** Where something else names a step or a stage: that is compared with those there are, so any text will do here. */
export const idOfStep = z.string().meta({ pattern: stepIdPattern.source });
export const nameOfStage = z.string().meta({ pattern: stagePattern.source });

export const environment = record(environmentName, text, 1_000);

const week = 7 * 86_400;
export const timeoutSeconds = z.number().min(0.1).max(week);
export const longSeconds = z.number().max(90 * 86_400);
export const graceSeconds = z.number().min(0).max(600);

/** Anything that JSON can say. */
export const jsonObject = z.record(z.string(), z.unknown());

/** A list of at most so many. It is cut before its items are looked at: each of four million may be an issue else. */
export function list<Item extends z.ZodType>(item: Item, most: number, least = 0) {
  return z.preprocess((given) => firstOf(given, most + 1), z.array(item).min(least).max(most));
}

/** The same, with nothing in it twice. */
export function distinct<Item extends z.ZodType<string>>(item: Item, most: number, least = 0) {
  const items = z.array(item).min(least).max(most).meta({ uniqueItems: true });
  const checked = items.superRefine((given, context) => {
    for (const [index, one] of given.entries()) {
      const first = given.indexOf(one);
      if (first === index) continue;
      const params = { hint: "take one of the two out" };
      context.addIssue({ code: "custom", path: [index], message: `is the same as [${first}]`, params });
    }
  });
  return z.preprocess((given) => firstOf(given, most + 1), checked);
}

export function record<Key extends z.ZodType<string, string>, Value extends z.ZodType>(
  key: Key,
  value: Value,
  most: number,
) {
  const entries = z
    .record(key, value)
    .refine((given) => Object.keys(given).length <= most, `has more than ${most} entries`)
    .meta({ maxProperties: most });
  return z.preprocess((given) => firstOf(given, most + 1), entries);
}

function matching(pattern: RegExp, message: string, hint: string) {
  return z
    .string()
    .refine((given) => pattern.test(given), { message, params: { hint } })
    .meta({ pattern: pattern.source });
}

/** A list or an object cut to so many entries; anything else as it is. */
export function firstOf(given: unknown, most: number): unknown {
  if (Array.isArray(given)) return given.length > most ? given.slice(0, most) : given;
  if (typeof given !== "object" || given === null || Object.keys(given).length <= most) return given;
  return Object.fromEntries(Object.entries(given).slice(0, most));
}
