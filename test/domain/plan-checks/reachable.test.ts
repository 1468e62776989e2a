import fc from "fast-check";
import { expect, test } from "vitest";
import { reachableProblems } from "../../../src/domain/plan-checks/reachable.ts";
import { acceptedOutcomes, failed, skipped, succeeded } from "../../../src/domain/plans/accepted-outcomes.ts";
import { failurePolicies, outcomes } from "../../../src/domain/plans/plan.ts";
import type { PlanSketch, StepSketch } from "../../../src/domain/plans/plan-sketch.ts";
import { stepGraph } from "../../../src/domain/plans/step-graph.ts";

function sketchOf(steps: readonly Partial<StepSketch>[]): PlanSketch {
  const base = { depends_on: [], when: {}, critical: true, on_failure: null, source: null, stage: null };
  const rest = { hasSchema: false, on_reject: null, texts: [] };
  const sketched = steps.map((step, index) => ({ ...base, ...rest, id: `s${index}`, ...step }));
  return { variables: [], texts: [], stages: "absent", steps: sketched };
}

function neverRunning(plan: PlanSketch): number[] {
  return [...reachableProblems(plan, stepGraph(plan.steps))].map(({ place }) => Number(place[1]));
}

/** Plans of up to seven steps, each of which depends on any before it and asks for any outcomes. */
const plans = fc
  .array(
    fc.record({
      before: fc.array(fc.nat(6), { maxLength: 3 }),
      asked: fc.array(fc.option(fc.uniqueArray(fc.constantFrom(...outcomes), { minLength: 1, maxLength: 2 }))),
      on_failure: fc.constantFrom(null, ...failurePolicies),
      critical: fc.boolean(),
    }),
    { minLength: 1, maxLength: 7 },
  )
  .map((steps) =>
    sketchOf(
      steps.map(({ before, asked, on_failure, critical }, index) => {
        const depends_on = index === 0 ? [] : [...new Set(before.map((place) => `s${place % index}`))];
        const when = depends_on.flatMap((id, position) => {
          const one = asked[position] ?? null;
          return one === null ? [] : [[id, one] as const];
        });
        return { depends_on, when: Object.fromEntries(when), on_failure, critical };
      }),
    ),
  );

test("a step that is said to never run runs in no course of events", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      const everRan = ranInSomeCourse(plan.steps);
      for (const step of neverRunning(plan)) expect(everRan.has(step)).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

test("what each step needs of others one by one is found to contradict itself", () => {
  const plan = sketchOf([
    {},
    { depends_on: ["s0"] },
    { depends_on: ["s0", "s1"], when: { s0: ["failed"] } },
    { depends_on: ["s2"], when: { s2: ["finished"] } },
    { depends_on: ["s2"] },
    { depends_on: ["s0", "s1"], when: { s0: ["failed"], s1: ["skipped"] } },
  ]);
  expect(neverRunning(plan)).toEqual([2]);
});

test("with thousands of steps that are there for failures it takes no time to speak of", () => {
  const plan = sketchOf(
    Array.from({ length: 6_000 }, (_, index) => {
      const main = `s${index - (index % 2 === 0 ? 2 : 1)}`;
      if (index === 0) return {};
      return index % 2 === 0 ? { depends_on: [main] } : { depends_on: [main], when: { [main]: ["failed"] } };
    }),
  );
  const start = performance.now();
  expect(neverRunning(plan)).toEqual([]);
  expect(performance.now() - start).toBeLessThan(2_000);
});

/** Tries out every course of events: a step that may run succeeds or fails, another is skipped. */
function ranInSomeCourse(steps: readonly StepSketch[]): Set<number> {
  const ran = new Set<number>();
  const go = (ended: readonly number[]) => {
    const step = steps[ended.length];
    if (step === undefined) return;
    const mayRun = step.depends_on?.every((id) => {
      const place = steps.findIndex((other) => other.id === id);
      const dependency = steps[place];
      return dependency !== undefined && (acceptedOutcomes(step, id ?? "", dependency) & (ended[place] ?? 0)) !== 0;
    });
    if (mayRun === true) ran.add(ended.length);
    for (const outcome of mayRun === true ? [succeeded, failed] : [skipped]) go([...ended, outcome]);
  };
  go([]);
  return ran;
}
