import { z } from "zod";
import {
  environment,
  list,
  nameOfStage,
  planId,
  record,
  someText,
  stageName,
  text,
  timeoutSeconds,
  variableName,
} from "./plan-fields.ts";
import { anyStep } from "./plan-steps.ts";

const metadata = z.looseObject({
  project: text.optional().describe("What this is part of."),
  phase_id: text.optional().describe("The phase of the project that it is."),
});

export const variableFields = z.strictObject({
  name: variableName.describe(`Texts name it as "\${NAME}".`),
  default: text
    .nullable()
    .default(null)
    .describe("Its value when none is given, as it is: nothing in it is filled in."),
  required: z.boolean().default(false).describe("`true`: a run does not start without a value for it."),
  description: text.nullable().default(null).describe("What it is for."),
});

export const globalFields = z.strictObject({
  max_concurrency: z.int().min(1).max(64).default(4).describe("How many steps of a run may be running at once."),
  default_timeout_sec: timeoutSeconds
    .default(3_600)
    .describe("The time limit of one attempt, in seconds, for commands and agents that have none of their own."),
  env: environment.default({}).describe(`Environment variables for all commands; "\${…}" is filled in.`),
  cwd: text.nullable().default(null).describe("Where commands run, relative to the checkout. Left out: there itself."),
});

export const endFields = z.strictObject({
  succeeded: nameOfStage.describe("The stage of a run that has succeeded."),
  failed: nameOfStage.describe("The stage of a run that has failed."),
  cancelled: nameOfStage.describe("The stage of a run that was cancelled."),
});

export const stageFields = z.strictObject({
  initial: nameOfStage.describe("The stage in which a run begins."),
  moves: record(stageName, list(nameOfStage, 100), 100).describe(
    "Each stage there is, with those that a run may go on to from there; `[]` for one that is the last.",
  ),
  ends: endFields.describe("The stage in which a run ends, by its status."),
});

const versionText = someText
  .refine((given) => given.length <= 100, { message: "is longer than 100 characters", params: { hint: "shorten it" } })
  .meta({ maxLength: 100 });

/** What stands in a plan file besides its steps. */
const planHead = {
  $schema: z.string().optional().describe("The schema of this file, for editors; it is not read."),
  plan_id: planId.describe("How the plan is named: where a run is started, and in steps of the kind `plan`."),
  version: z.union([versionText, z.int()]).describe("The version of the plan: a text or a whole number."),
  metadata: metadata.default({}).describe("What you want to know of it later, as JSON."),
  variables: list(variableFields, 200).default([]).describe("What a run can be given, as texts."),
  globals: globalFields.prefault({}).describe("What goes for all steps."),
  stages: stageFields
    .nullable()
    .default(null)
    .describe("Names for where a run stands, and the moves between them; any other move is refused."),
} as const;

export const mostSteps = 10_000;

export const planFile = z.strictObject({
  ...planHead,
  steps: list(anyStep, mostSteps, 1).describe("The steps; those that don't depend on each other run at the same time."),
});

/** The same, where steps may be anything: they are parsed one by one, until there are faults enough. */
export const planOutline = z.strictObject({ ...planHead, steps: list(z.unknown(), mostSteps, 1) });

export type OutlineFile = z.output<typeof planOutline>;
