import { acceptedOutcomes, failed, skipped, succeeded } from "../plans/accepted-outcomes.ts";
import type { PlanSketch, StepSketch } from "../plans/plan-sketch.ts";
import type { StepGraph } from "../plans/step-graph.ts";
import { type Found, quoted } from "./found.ts";

/** For one step to run, another has to have ended in one of these ways; `by` is the step that says so. */
interface Demand {
  readonly by: number;
  readonly of: number;
  readonly accepted: number;
}

/**
 * Steps that can never run. A step's demands are what it accepts of its dependencies, and with each dependency that has
 * to have run all that this one demands. Where no outcome of some step meets all of them, there is no way.
 */
export function* reachableProblems({ steps }: PlanSketch, graph: StepGraph): Generator<Found> {
  const demands = steps.map((step, by) => demandsOf(step, by, steps, graph));
  for (const [step, over] of contradictions(demands, graph)) {
    const against = opposed(demandsAbout(over, step, demands));
    yield {
      place: ["steps", step],
      message: `this step can never run: ${against.map((demand) => said(demand, step, steps)).join(", and ")}`,
      hint: 'change what "when" says of it; "finished" takes any outcome',
    };
  }
}

function demandsOf(step: StepSketch, by: number, steps: readonly StepSketch[], graph: StepGraph): Demand[] {
  return (graph.dependencies[by] ?? []).flatMap((of) => {
    const dependency = steps[of];
    if (dependency === undefined || dependency.id === null) return [];
    return [{ by, of, accepted: acceptedOutcomes(step, dependency.id, dependency) }];
  });
}

/** Of each of ten steps which outcomes are refused, three bits for each, in one number. */
const atOnce = 10;
const firstBits = 0o1111111111;

/**
 * Steps whose demands on some step contradict each other, with that step; not those that only depend on such a one.
 * Where all accept success nothing does, so few steps are asked about. Ten go at a time: what each of 10,000 steps
 * demands of each would be too much to keep.
 */
function contradictions(demands: readonly (readonly Demand[])[], { groups }: StepGraph): Map<number, number> {
  const causes = new Map<number, number>();
  const suspects = [...new Set(demands.flat().flatMap(({ of, accepted }) => (accepted & succeeded ? [] : [of])))];
  const order = groups.flat();
  for (let start = 0; start < suspects.length; start += atOnce) {
    const block = suspects.slice(start, start + atOnce);
    const shiftOf = new Int8Array(demands.length).fill(-1);
    for (const [index, suspect] of block.entries()) shiftOf[suspect] = 3 * index;
    const refused = new Int32Array(demands.length);
    const canNever = new Uint8Array(demands.length);
    for (const step of order) {
      let sum = 0;
      let follows = 0;
      for (const { of, accepted } of demands[step] ?? []) {
        const shift = shiftOf[of] ?? -1;
        if (shift >= 0) sum |= (~accepted & 7) << shift;
        if (accepted & skipped) continue;
        sum |= refused[of] ?? 0;
        follows |= canNever[of] ?? 0;
      }
      refused[step] = sum;
      const contradicted = sum & (sum >> 1) & (sum >> 2) & firstBits;
      if (contradicted === 0) continue;
      canNever[step] = 1;
      const suspect = block[Math.floor((31 - Math.clz32(contradicted)) / 3)];
      if (follows === 0 && suspect !== undefined) causes.set(step, suspect);
    }
  }
  return causes;
}

/** All that is demanded of `suspect` for `step` to run, the nearest first. */
function demandsAbout(suspect: number, step: number, demands: readonly (readonly Demand[])[]): Demand[] {
  const needed = new Set([step]);
  const about: Demand[] = [];
  for (const needy of needed) {
    for (const demand of demands[needy] ?? []) {
      if (demand.of === suspect) about.push(demand);
      if ((demand.accepted & skipped) === 0) needed.add(demand.of);
    }
  }
  return about;
}

/** Two that can't both be met; or else all three that only together can't. */
function opposed(about: readonly Demand[]): readonly Demand[] {
  const different = about.filter(({ accepted }, index) => {
    return about.findIndex((other) => other.accepted === accepted) === index;
  });
  for (const one of different) {
    const other = different.find(({ accepted }) => (accepted & one.accepted) === 0);
    if (other !== undefined) return [one, other];
  }
  return different;
}

function said({ by, of, accepted }: Demand, step: number, steps: readonly StepSketch[]): string {
  const who = by === step ? "it" : `${quoted(steps[by]?.id ?? "")}, which has to run before it,`;
  const outcomes = [
    accepted & succeeded && "succeeded",
    accepted & failed && "failed",
    accepted & skipped && "skipped",
  ];
  return `${who} wants ${quoted(steps[of]?.id ?? "")} ${outcomes.filter(Boolean).join(" or ")}`;
}
