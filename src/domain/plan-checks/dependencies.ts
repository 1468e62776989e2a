import type { PlanSketch } from "../plans/plan-sketch.ts";
import type { StepGraph } from "../plans/step-graph.ts";
import { nearest } from "../texts/nearest.ts";
import { didYouMean, type Found, quoted } from "./found.ts";

/** Ids that two steps have, and what `depends_on` and `when` say that can't be. */
export function* idProblems({ steps }: PlanSketch, { placeOf }: StepGraph): Generator<Found> {
  for (const [index, { id }] of steps.entries()) {
    const first = id === null ? index : (placeOf.get(id) ?? index);
    if (id === null || first === index) continue;
    yield {
      place: ["steps", index, "id"],
      message: `${quoted(id)} is the id of steps[${first}] already`,
      hint: "give one of the two another id",
    };
  }
}

export function* dependencyProblems({ steps }: PlanSketch, { placeOf }: StepGraph): Generator<Found> {
  for (const [index, { id, depends_on }] of steps.entries()) {
    const seen = new Map<string, number>();
    for (const [position, dependency] of (depends_on ?? []).entries()) {
      if (dependency === null) continue;
      const place = ["steps", index, "depends_on", position];
      const earlier = seen.get(dependency);
      if (earlier !== undefined) {
        const message = `${quoted(dependency)} stands at depends_on[${earlier}] already`;
        yield { place, message, hint: "take one of the two out" };
      } else if (dependency === id) {
        yield { place, message: "a step can't depend on itself", hint: "take it out" };
      } else if (!placeOf.has(dependency)) {
        const hint = didYouMean(nearest(dependency, placeOf.keys())) ?? "add it to the steps, or take it out here";
        yield { place, message: `there is no step ${quoted(dependency)}`, hint };
      }
      seen.set(dependency, earlier ?? position);
    }
  }
}

export function* whenProblems({ steps }: PlanSketch, { placeOf }: StepGraph): Generator<Found> {
  for (const [index, { when, depends_on }] of steps.entries()) {
    if (depends_on === null) continue;
    const dependencies = new Set(depends_on.filter((dependency) => dependency !== null));
    for (const dependency of Object.keys(when ?? {})) {
      if (dependencies.has(dependency)) continue;
      const add = placeOf.has(dependency) ? `add ${quoted(dependency)} to depends_on` : null;
      yield {
        place: ["steps", index, "when", dependency],
        message: `${quoted(dependency)} is not in depends_on`,
        hint: add ?? didYouMean(nearest(dependency, dependencies)) ?? "take it out",
      };
    }
  }
}
