import { type Place, showPlace } from "../place.ts";
import type { PlanProblem } from "../plans/plan.ts";

/** A problem while problems are still being collected. */
export interface Found {
  readonly place: Place;
  readonly message: string;
  readonly hint: string | null;
}

/** Of each sort of fault. Nobody reads more at once, and it takes time to guess what was meant. */
export const mostOfASort = 100;

/** In the order of the steps; what is about the plan as a whole comes first. */
export function inOrder(found: readonly Found[]): PlanProblem[] {
  return found
    .toSorted((a, b) => stepOf(a) - stepOf(b))
    .map(({ place, message, hint }) => {
      return { path: showPlace(place), message: place.length === 0 ? `the file ${message}` : message, hint };
    });
}

function stepOf({ place: [first, second] }: Found): number {
  return first === "steps" && typeof second === "number" ? second : -1;
}

export function didYouMean(near: string | null): string | null {
  return near === null ? null : `did you mean ${quoted(near)}?`;
}

/** As it is shown in a sentence: quoted, and no longer than a line. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/** `a, b or c`; of many only the first. */
export function listed(words: readonly string[], last: "and" | "or" = "and"): string {
  if (words.length > 12) return `${words.slice(0, 12).join(", ")} and ${words.length - 12} more`;
  const end = words.at(-1) ?? "";
  return words.length < 2 ? end : `${words.slice(0, -1).join(", ")} ${last} ${end}`;
}
