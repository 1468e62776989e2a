import type { z } from "zod";
import { PlanInvalid } from "../../domain/faults/plans.ts";
import { faultAt, findJsonFault } from "../../domain/json/json-fault.ts";
import { parseJson } from "../../domain/json/parse-json.ts";
import { type Found, inOrder, mostOfASort } from "../../domain/plan-checks/found.ts";
import { jsonProblems } from "../../domain/plan-checks/json.ts";
import { checkSketch } from "../../domain/plans/check-sketch.ts";
import type { Plan, PlanProblem } from "../../domain/plans/plan.ts";
import { completePlan } from "./complete-plan.ts";
import { mostSteps, planOutline } from "./plan-file.ts";
import { foundIn } from "./plan-issues.ts";
import type { StepFile } from "./plan-steps.ts";
import { readStep } from "./read-step.ts";
import { sketchPlan } from "./sketch-plan.ts";
import { unknownInPlan } from "./unknown-field.ts";

const mostBytes = 8 * 1024 * 1024;

/** Reads the text of a plan file. Throws `PlanInvalid` with all that is wrong. */
export function parsePlanText(text: string): Plan {
  const checked = checkText(text.replace(/^\ufeff/, ""));
  if ("plan" in checked) return checked.plan;
  throw new PlanInvalid(checked.problems);
}

type Checked = { readonly plan: Plan } | { readonly problems: PlanProblem[] };

function checkText(text: string): Checked {
  if (Buffer.byteLength(text) > mostBytes) {
    const hint = "put long texts into files of the repository, or parts of it into plans of their own";
    return { problems: [{ path: "", message: "the file is larger than 8 MiB", hint }] };
  }
  const parsed = parseJson(text);
  return "value" in parsed ? checkPlan(parsed.value) : { problems: [unparsed(text, parsed)] };
}

function unparsed(text: string, { problem, at }: { problem: string; at: number | null }): PlanProblem {
  if (at !== null) {
    const { line, column } = faultAt(text, at, problem);
    return { path: "", message: `the file ${problem}: line ${line}, column ${column}`, hint: null };
  }
  const fault = findJsonFault(text);
  const where = fault === null ? problem : `line ${fault.line}, column ${fault.column}: ${fault.message}`;
  return { path: "", message: `the file is not JSON: ${where}`, hint: null };
}

/**
 * The JSON of a plan file as a plan, or what is wrong with it: faults in the form of some fields keep none in the
 * others and in the graph from being found. Of each sort there are at most a hundred.
 */
export function checkPlan(document: unknown): Checked {
  const outline = planOutline.safeParse(document, { reportInput: true });
  const { steps, wrong } = readSteps(document);
  const found = [
    ...jsonProblems(document),
    ...outlineProblems(outline.error?.issues ?? []),
    ...wrong,
    ...checkSketch(sketchPlan(document)),
  ];
  if (found.length > 0 || !outline.success) return { problems: inOrder(found) };
  return { plan: completePlan(outline.data, steps) };
}

function outlineProblems(issues: readonly z.core.$ZodIssue[]): Found[] {
  const first = issues.slice(0, mostOfASort);
  return first.flatMap((issue) => foundIn(issue, [], unknownInPlan)).slice(0, mostOfASort);
}

/** One by one, as long as there aren't faults enough: all faults of a file of 8 MiB would fill the memory. */
function readSteps(document: unknown): { readonly steps: StepFile[]; readonly wrong: Found[] } {
  const steps: StepFile[] = [];
  const wrong: Found[] = [];
  for (const [index, given] of stepsOf(document).entries()) {
    const reading = readStep(given, index);
    if ("step" in reading) steps.push(reading.step);
    else wrong.push(...reading.found.slice(0, mostOfASort));
    if (wrong.length >= mostOfASort) break;
  }
  return { steps, wrong: wrong.slice(0, mostOfASort) };
}

function stepsOf(document: unknown): readonly unknown[] {
  const isObject = typeof document === "object" && document !== null && "steps" in document;
  return isObject && Array.isArray(document.steps) ? document.steps.slice(0, mostSteps) : [];
}
