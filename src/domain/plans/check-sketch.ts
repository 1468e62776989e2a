import { cycleProblems } from "../plan-checks/cycles.ts";
import { dependencyProblems, idProblems, whenProblems } from "../plan-checks/dependencies.ts";
import { type Found, mostOfASort } from "../plan-checks/found.ts";
import { reachableProblems } from "../plan-checks/reachable.ts";
import { outputProblems, templateProblems } from "../plan-checks/references.ts";
import { rejectionProblems } from "../plan-checks/rejections.ts";
import { stageProblems } from "../plan-checks/stages.ts";
import { fieldProblems } from "../plan-checks/step-fields.ts";
import { variableProblems } from "../plan-checks/variables.ts";
import type { PlanSketch } from "./plan-sketch.ts";
import { stepGraph } from "./step-graph.ts";

const mostDependencies = 200_000;

const checks = [
  ...[variableProblems, templateProblems, stageProblems, fieldProblems],
  ...[idProblems, dependencyProblems, whenProblems, cycleProblems, reachableProblems],
  ...[outputProblems, rejectionProblems],
];

/** What is wrong with a plan beyond the form of its fields; of each sort of fault the first hundred. */
export function checkSketch(sketch: PlanSketch): Found[] {
  const dependencies = sketch.steps.reduce((sum, { depends_on }) => sum + (depends_on?.length ?? 0), 0);
  if (dependencies > mostDependencies) return [tooMany(dependencies)];
  const graph = stepGraph(sketch.steps);
  return checks.flatMap((check) => [...check(sketch, graph).take(mostOfASort)]);
}

function tooMany(dependencies: number): Found {
  return {
    place: ["steps"],
    message: `there are ${dependencies} dependencies, and may be ${mostDependencies} in all`,
    hint: "put a step between many and many: then each needs only that one",
  };
}
