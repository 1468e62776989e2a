import type { Place } from "../place.ts";
import type { PlanSketch, StagesSketch } from "../plans/plan-sketch.ts";
import { nearest } from "../texts/nearest.ts";
import { didYouMean, type Found, quoted } from "./found.ts";

interface NamedStage {
  readonly stage: string | null;
  readonly place: Place;
}

/** The stages are the keys of `moves`: whatever else names a stage has to name one of them. */
export function* stageProblems({ stages, steps }: PlanSketch): Generator<Found> {
  if (stages === null) return;
  const ofSteps = steps.map(({ stage }, index) => ({ stage, place: ["steps", index, "stage"] }));
  if (stages !== "absent") {
    yield* unknownStages([...stagesNamed(stages), ...ofSteps], stages.moves);
    return;
  }
  for (const { stage, place } of ofSteps) {
    if (stage === null) continue;
    yield { place, message: "the plan has no stages", hint: 'declare them in "stages", or take it out' };
  }
}

function* unknownStages(named: readonly NamedStage[], moves: StagesSketch["moves"]): Generator<Found> {
  if (moves === null) return;
  for (const { stage, place } of named) {
    if (stage === null || Object.hasOwn(moves, stage)) continue;
    const hint = didYouMean(nearest(stage, Object.keys(moves))) ?? `add ${quoted(stage)}: [] to stages.moves`;
    yield { place, message: `there is no stage ${quoted(stage)}`, hint };
  }
}

function stagesNamed({ initial, moves, ends }: StagesSketch): NamedStage[] {
  return [
    { stage: initial, place: ["stages", "initial"] },
    ...Object.entries(moves ?? {}).flatMap(([from, targets]) => {
      return (targets ?? []).map((stage, index) => ({ stage, place: ["stages", "moves", from, index] }));
    }),
    ...Object.entries(ends).map(([end, stage]) => ({ stage, place: ["stages", "ends", end] })),
  ];
}
