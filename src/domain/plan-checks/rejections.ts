import type { PlanSketch } from "../plans/plan-sketch.ts";
import type { StepGraph } from "../plans/step-graph.ts";
import { nearest } from "../texts/nearest.ts";
import { didYouMean, type Found, quoted } from "./found.ts";
import { notUpstream } from "./upstream.ts";

/** Reviews that would begin again at a step which is not before them. */
export function* rejectionProblems({ steps }: PlanSketch, graph: StepGraph): Generator<Found> {
  const uses: { by: number; of: number; from: string }[] = [];
  for (const [by, { on_reject }] of steps.entries()) {
    const from = on_reject?.restart_from ?? null;
    if (from === null) continue;
    const of = graph.placeOf.get(from);
    if (of !== undefined) {
      uses.push({ by, of, from });
      continue;
    }
    const hint = didYouMean(nearest(from, graph.placeOf.keys())) ?? "name a step that this one depends on";
    yield { place: placeOf(by), message: `there is no step ${quoted(from)}`, hint };
  }
  for (const { by, from } of notUpstream(uses, graph)) {
    yield {
      place: placeOf(by),
      message: `this step does not depend on ${quoted(from)}, so it can't begin again there`,
      hint: "name a step that it depends on, directly or by others",
    };
  }
}

function placeOf(step: number): (string | number)[] {
  return ["steps", step, "on_reject", "restart_from"];
}
