import type { Place } from "../../domain/place.ts";
import { didYouMean, type Found, listed } from "../../domain/plan-checks/found.ts";
import type { StepKind } from "../../domain/plans/plan.ts";
import { nearest } from "../../domain/texts/nearest.ts";
import { endFields, globalFields, planFile, stageFields, variableFields } from "./plan-file.ts";
import { rejectFields, stepSchemas, waitSchemas } from "./plan-steps.ts";

type Wrong = Omit<Found, "place">;

interface Fields {
  readonly shape: object;
}

/** What is wrong with a field that the plan itself does not have at a place. */
export function unknownInPlan([first, second]: Place, field: string): Wrong {
  if (first === "variables") return unknown(field, variableFields);
  if (first === "globals") return unknown(field, globalFields);
  if (first === "stages") return unknown(field, second === "ends" ? endFields : stageFields);
  return unknown(field, planFile);
}

/** The same for a step of a kind, whose place begins with `steps` and a number. */
export function unknownInStep(kind: StepKind, step: unknown) {
  return ([, , inner]: Place, field: string): Wrong => {
    if (inner === "on_reject") return unknown(field, rejectFields);
    if (inner !== "wait") return ofAnother(field, stepSchemas, kind, stepWords) ?? unknown(field, stepSchemas[kind]);
    const { wait } = step as { readonly wait: { readonly for: keyof typeof waitSchemas } };
    return ofAnother(field, waitSchemas, wait.for, waitWords) ?? unknown(field, waitSchemas[wait.for]);
  };
}

function unknown(field: string, { shape }: Fields): Wrong {
  const fields = Object.keys(shape);
  return {
    message: "there is no such field",
    hint: didYouMean(nearest(field, fields)) ?? `there are ${listed(fields)}`,
  };
}

interface Words {
  readonly key: string;
  readonly all: (names: readonly string[]) => string;
  readonly one: (name: string) => string;
}

const stepWords: Words = {
  key: "kind",
  all: (names) => `${listed(names)} steps`,
  one: (name) => `${name === "agent" ? "an" : "a"} ${name} step`,
};

const waitWords: Words = {
  key: "for",
  all: (names) => `waits for ${listed(names, "or")}`,
  one: (name) => `for ${name}`,
};

/** A field that belongs to other kinds; `null` if none has it. */
function ofAnother(
  field: string,
  schemas: Readonly<Record<string, Fields>>,
  own: string,
  { key, all, one }: Words,
): Wrong | null {
  const owners = Object.keys(schemas).filter((name) => Object.hasOwn(schemas[name]?.shape ?? {}, field));
  if (owners.length === 0) return null;
  const message = `belongs to ${all(owners)}, and this one is ${one(own)}`;
  return { message, hint: `take it out, or say "${key}": "${owners[0]}"` };
}
