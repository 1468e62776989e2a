import type { PlanSketch } from "../plans/plan-sketch.ts";
import { type Found, quoted } from "./found.ts";

export function* variableProblems({ variables }: PlanSketch): Generator<Found> {
  const seen = new Map<string, number>();
  for (const [index, { name, required, hasDefault }] of (variables ?? []).entries()) {
    if (required && hasDefault) {
      yield {
        place: ["variables", index, "required"],
        message: "a variable that has a default need not be given",
        hint: 'take "required" or "default" out',
      };
    }
    if (name === null) continue;
    const first = seen.get(name);
    if (first === undefined) {
      seen.set(name, index);
      continue;
    }
    yield {
      place: ["variables", index, "name"],
      message: `${quoted(name)} is the name of variables[${first}] already`,
      hint: "take one of the two out",
    };
  }
}
