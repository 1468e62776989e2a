import { deepest, type Place } from "../place.ts";
import type { PlanStep } from "./plan.ts";
import { expandValue, type Lookup, type Reference, readTemplate } from "./template.ts";

/** Where `${…}` in a step means something; in its other fields it is text like any other. */
const expandedFields = [
  ...["name", "command", "args", "env", "cwd", "stdin"],
  ...["prompt", "agent", "wait", "variables"],
] as const;

/** A text that may hold references, and where it stands. */
export interface PlacedText {
  readonly place: Place;
  readonly text: string;
}

/** The step with what its texts refer to filled in. Throws `PlanTextTooLong`. */
export function expandStep<Step extends PlanStep>(step: Step, lookup: Lookup): Step {
  const fields = Object.entries(step).filter(([field]) => isExpanded(field));
  return { ...step, ...expandValue(Object.fromEntries(fields), lookup) };
}

/** All that a step's texts refer to. */
export function referencesOfStep(step: PlanStep): Reference[] {
  return textsOfStep({ ...step }, []).flatMap(({ text }) => readTemplate(text).references);
}

/** Those texts of a step, whatever it looks like otherwise. */
export function textsOfStep(step: Readonly<Record<string, unknown>>, place: Place): PlacedText[] {
  return Object.entries(step).flatMap(([field, value]) => (isExpanded(field) ? textsIn(value, [...place, field]) : []));
}

/** The texts in a value that came from JSON; none that refers to nothing, and none nested too deep to be in a plan. */
export function textsIn(value: unknown, place: Place): PlacedText[] {
  if (typeof value === "string") return value.includes("$") ? [{ place, text: value }] : [];
  if (place.length >= deepest) return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => textsIn(item, [...place, index]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => textsIn(item, [...place, key]));
}

function isExpanded(field: string): boolean {
  return expandedFields.some((expanded) => expanded === field);
}
