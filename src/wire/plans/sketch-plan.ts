import type { OutputSource } from "../../domain/plans/output-names.ts";
import { type FailurePolicy, failurePolicies, type Outcome, outcomes } from "../../domain/plans/plan.ts";
import type { PlanSketch, StagesSketch, StepSketch, VariableSketch } from "../../domain/plans/plan-sketch.ts";
import { textsIn, textsOfStep } from "../../domain/plans/step-texts.ts";
import { mostSteps } from "./plan-file.ts";
import { agentRoles, waitsFor } from "./plan-steps.ts";

type Fields = Readonly<Record<string, unknown>>;

/** More than any list of a plan may have; a longer one is a fault itself, and nobody looks at its entries. */
const longest = 10_000;

/** As much of a plan file as can be understood. Not by zod: millions of faults have to be passed over quickly. */
export function sketchPlan(document: unknown): PlanSketch {
  const plan = fieldsOf(document);
  const { env, cwd } = fieldsOf(plan.globals);
  return {
    variables: plan.variables === undefined ? [] : (listOf(plan.variables)?.map(sketchVariable) ?? null),
    texts: textsIn({ env, cwd }, ["globals"]),
    stages: (plan.stages ?? null) === null ? "absent" : sketchStages(plan.stages),
    steps: Array.isArray(plan.steps) ? plan.steps.slice(0, mostSteps).map(sketchStep) : [],
  };
}

function sketchVariable(given: unknown): VariableSketch {
  const { name, required, default: value } = fieldsOf(given);
  return { name: textOf(name), required: required === true, hasDefault: (value ?? null) !== null };
}

function sketchStages(given: unknown): StagesSketch {
  const { initial, moves, ends } = fieldsOf(given);
  const { succeeded, failed, cancelled } = fieldsOf(ends);
  return {
    initial: textOf(initial),
    moves: mapped(moves, textsOf),
    ends: { succeeded: textOf(succeeded), failed: textOf(failed), cancelled: textOf(cancelled) },
  };
}

function sketchStep(given: unknown, index: number): StepSketch {
  const step = fieldsOf(given);
  const { critical = true, depends_on = [], when = {} } = step;
  return {
    id: textOf(step.id),
    depends_on: textsOf(depends_on),
    when: mapped(when, outcomesOf),
    critical: typeof critical === "boolean" ? critical : null,
    on_failure: step.on_failure === undefined ? null : policyOf(step.on_failure),
    source: sourceOf(step),
    stage: textOf(step.stage),
    hasSchema: (step.schema ?? null) !== null,
    on_reject:
      (step.on_reject ?? null) === null ? null : { restart_from: textOf(fieldsOf(step.on_reject).restart_from) },
    texts: textsOfStep(step, ["steps", index]),
  };
}

/** One that isn't understood may be any, so it is taken for the one that stops nobody. */
function policyOf(given: unknown): FailurePolicy {
  return failurePolicies.find((policy) => policy === given) ?? "continue";
}

function outcomesOf(given: unknown): Outcome[] | null {
  const named = [given].flat();
  const known = outcomes.filter((outcome) => named.includes(outcome));
  return known.length > 0 && named.every((one) => known.some((outcome) => outcome === one)) ? known : null;
}

function sourceOf({ kind = "command", outputs = [], role, wait }: Fields): OutputSource | null {
  if (kind === "plan") return { kind };
  if (kind === "command") {
    const names = textsOf(outputs);
    return names === null ? null : { kind, outputs: names.filter((name) => name !== null) };
  }
  const knownRole = agentRoles.find((one) => one === role);
  if (kind === "agent" && knownRole !== undefined) return { kind, role: knownRole };
  const waitedFor = waitsFor.find((one) => one === fieldsOf(wait).for);
  return kind === "wait" && waitedFor !== undefined ? { kind, wait: { for: waitedFor } } : null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function textsOf(value: unknown): (string | null)[] | null {
  return listOf(value)?.map(textOf) ?? null;
}

function listOf(value: unknown): readonly unknown[] | null {
  return Array.isArray(value) && value.length <= longest ? value : null;
}

function mapped<To>(value: unknown, change: (value: unknown) => To): Record<string, To> | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const entries = Object.entries(value);
  return entries.length > longest ? null : Object.fromEntries(entries.map(([key, item]) => [key, change(item)]));
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
