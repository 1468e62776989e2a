import { z } from "zod";
import { type Found, mostOfASort } from "../../domain/plan-checks/found.ts";
import { type StepKind, stepKinds } from "../../domain/plans/plan.ts";
import { nearest } from "../../domain/texts/nearest.ts";
import { foundIn } from "./plan-issues.ts";
import { type StepFile, stepFields, stepSchemas } from "./plan-steps.ts";
import { unknownInStep } from "./unknown-field.ts";

type Reading = { readonly step: StepFile } | { readonly found: readonly Found[] };

const kindAlone = z.object({ kind: z.enum(stepKinds) });
const ofAnyKind = kindAlone.extend(stepFields);

/** Reads one step of a plan file. One whose kind is misspelt is looked at as one of the kind that was meant. */
export function readStep(given: unknown, index: number): Reading {
  const kind = kindOf(given);
  if (isKind(kind)) return readAs(kind, given, index);
  const meant = typeof kind === "string" ? nearest(kind, stepKinds) : null;
  if (!isKind(meant)) return { found: wrongWith(ofAnyKind, given, index, "command") };
  const rest = readAs(meant, { ...Object(given), kind: meant }, index);
  return { found: [...wrongWith(kindAlone, given, index, meant), ...("found" in rest ? rest.found : [])] };
}

function readAs(kind: StepKind, given: unknown, index: number): Reading {
  const parsed = stepSchemas[kind].safeParse(given);
  return parsed.success ? { step: parsed.data } : { found: wrongWith(stepSchemas[kind], given, index, kind) };
}

function wrongWith(schema: z.ZodType, given: unknown, index: number, kind: StepKind): Found[] {
  const issues = schema.safeParse(given, { reportInput: true }).error?.issues ?? [];
  return issues.slice(0, mostOfASort).flatMap((issue) => foundIn(issue, ["steps", index], unknownInStep(kind, given)));
}

/** As the file has it; a step that doesn't say is a command, and so is what is no step at all. */
function kindOf(given: unknown): unknown {
  const isObject = typeof given === "object" && given !== null && "kind" in given;
  return isObject ? given.kind : "command";
}

function isKind(kind: unknown): kind is StepKind {
  return stepKinds.some((known) => known === kind);
}
