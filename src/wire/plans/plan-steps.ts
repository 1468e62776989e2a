import { z } from "zod";
import type { AgentRole } from "../../domain/agents/agent.ts";
import { failurePolicies, outcomes, type StepKind, type WaitFor } from "../../domain/plans/plan.ts";
import {
  distinct,
  environment,
  graceSeconds,
  idOfStep,
  jsonObject,
  list,
  longSeconds,
  nameOfStage,
  planId,
  record,
  someText,
  stepId,
  text,
  timeoutSeconds,
  variableName,
} from "./plan-fields.ts";

const outcome = z.enum(outcomes);

const accepted = z.union([outcome, z.array(outcome).min(1).max(10)]);

/** What every step has, but for `kind`. */
export const stepFields = {
  id: stepId.describe(`Its name in "depends_on", in "\${steps.<id>.outputs.<name>}" and on the command line.`),
  name: someText.optional().describe(`What people see; "\${…}" is filled in. Left out: its id.`),
  depends_on: list(idOfStep, 10_000)
    .default([])
    .meta({ uniqueItems: true, description: "The ids of the steps that have to have ended before it begins." }),
  when: record(idOfStep, accepted, 10_000)
    .default({})
    .describe(
      "By the id of a dependency, the outcome or outcomes it may have for this step to run; `finished` is any. " +
        "A dependency that is not named here has to have succeeded.",
    ),
  timeout_sec: timeoutSeconds
    .nullish()
    .describe("The time limit of one attempt, in seconds. Left out: `globals.default_timeout_sec`."),
  retries: z.int().min(0).max(100).default(0).describe("How often it is tried again after it has failed."),
  retry_delay_sec: z.number().min(0).max(86_400).default(1).describe("Seconds before the first retry."),
  retry_backoff: z.number().min(1).max(10).default(2).describe("How many times longer each further delay is."),
  critical: z.boolean().default(true).describe("`false`: that it fails never fails the run."),
  on_failure: z
    .enum(failurePolicies)
    .optional()
    .describe(
      "`abort`: the run stops. `skip_dependents`: what depends on it is skipped. `continue`: what depends on it goes " +
        "on as if it had succeeded. Left out: `abort`, or `continue` for a step that is not critical.",
    ),
  stage: nameOfStage.nullable().default(null).describe("The stage that the run enters when this step begins."),
} as const;

const grace = graceSeconds
  .default(5)
  .describe("When it is stopped: seconds between the request to end (TERM) and the end (KILL).");

const commandStep = z.strictObject({
  ...stepFields,
  kind: z.literal("command").default("command").describe("A program is run. This is the kind of steps without one."),
  command: someText.describe("The program. No shell reads it; for one, say `sh` with the args `-c` and a line."),
  args: list(text, 1_000).default([]).describe("Its arguments, each as it is: no shell reads them."),
  env: environment.default({}).describe("Environment variables besides those of `globals.env`; these win."),
  cwd: text.nullable().default(null).describe("Where it runs, relative to the checkout. Left out: `globals.cwd`."),
  stdin: text.default("").describe("What it reads from its standard input."),
  outputs: distinct(variableName, 200)
    .default([])
    .describe(`The names of what it leaves for later steps, who call it "\${steps.<id>.outputs.<name>}".`),
  critical_grace_period_sec: grace,
});

export const rejectFields = z.strictObject({
  restart_from: idOfStep.describe("The id of the step to begin again with; this one has to depend on it."),
  max_rounds: z.int().min(1).max(20).default(3).describe("How many rounds there may be in all."),
});

export const agentRoles = ["plan", "code", "review"] as const satisfies AgentRole[];

const agentStep = z.strictObject({
  ...stepFields,
  kind: z.literal("agent").describe("A coding agent works in the checkout."),
  role: z
    .enum(agentRoles)
    .describe("`code` changes files, `review` gives a verdict with findings, `plan` answers in JSON."),
  prompt: someText.describe(`What the agent is asked to do; "\${…}" is filled in.`),
  agent: someText.nullable().default(null).describe("Which agent. Left out: the workspace's own."),
  settings: jsonObject.nullable().default(null).describe("Settings of that agent, as docs/agents.md has them."),
  schema: jsonObject.nullable().default(null).describe("Role `plan`: the JSON Schema that its answer has to fit."),
  on_reject: rejectFields
    .nullable()
    .default(null)
    .describe("Role `review`: where to begin again when it rejects. Left out: a rejection fails the step."),
  critical_grace_period_sec: grace,
});

const asked = {
  message: someText.describe(`What people are asked; "\${…}" is filled in.`),
  who: list(someText, 100).default([]).describe("Who may answer, by name. Empty: anybody who may answer at all."),
  deadline_sec: longSeconds
    .min(0.1)
    .nullable()
    .default(null)
    .describe("Seconds after which the step fails unanswered. Left out: it waits for as long as it takes."),
} as const;

const instant = z.union([z.iso.datetime({ offset: true }), z.iso.datetime({ offset: true, precision: -1 })]);

export const waitsFor = ["approval", "choice", "answer", "time"] as const satisfies WaitFor["for"][];

export const waitSchemas = {
  approval: z.strictObject({
    for: z.literal("approval").describe("For a person's yes or no."),
    ...asked,
  }),
  choice: z.strictObject({
    for: z.literal("choice").describe("For a person to choose."),
    choices: distinct(someText, 100, 1).describe("What there is to choose from."),
    ...asked,
  }),
  answer: z.strictObject({
    for: z.literal("answer").describe("For a person's answer in words."),
    ...asked,
  }),
  time: z
    .strictObject({
      for: z.literal("time").describe("For a time: give `seconds` or `until`."),
      seconds: longSeconds.min(0).optional().describe("How many seconds from when the step begins."),
      until: text
        .refine((given) => given.includes(`\${`) || instant.safeParse(given).success, {
          message: "is no time with its zone",
          params: { hint: 'as in "2026-11-21T08:15:00Z" or "2026-11-21T08:15+01:00"' },
        })
        .optional()
        .describe(`An ISO 8601 time with its zone, e.g. "2026-11-21T08:15:00Z"; "\${…}" is filled in.`),
    })
    .refine(({ seconds, until }) => (seconds === undefined) !== (until === undefined), {
      message: "waits for a time, which takes one of seconds and until",
      params: { hint: "say one of them, and not both" },
    })
    .meta({ oneOf: [{ required: ["seconds"] }, { required: ["until"] }] }),
} as const satisfies Record<WaitFor["for"], z.ZodType>;

const { approval, choice, answer, time } = waitSchemas;

const waitStep = z.strictObject({
  ...stepFields,
  kind: z.literal("wait").describe("The run waits for a person, or for a time."),
  wait: z.discriminatedUnion("for", [approval, choice, answer, time]).describe("What it waits for."),
  timeout_sec: timeoutSeconds.nullish().describe("Seconds after which it fails. Left out: there is no such limit."),
});

const subplanStep = z.strictObject({
  ...stepFields,
  kind: z.literal("plan").describe("A run of another plan is one step of this one."),
  plan: planId.describe("The `plan_id` of that plan."),
  timeout_sec: timeoutSeconds.nullish().describe("The time limit of one run of it, in seconds. Left out: 24 hours."),
  variables: record(variableName, text, 200)
    .default({})
    .describe(`Values for its variables, by name; "\${…}" is filled in.`),
});

export const stepSchemas = {
  command: commandStep,
  agent: agentStep,
  wait: waitStep,
  plan: subplanStep,
} as const satisfies Record<StepKind, z.ZodType>;

export const anyStep = z.discriminatedUnion("kind", [commandStep, agentStep, waitStep, subplanStep]);

/** A step as it is in the file, with those defaults that depend on nothing else. */
export type StepFile = z.output<typeof anyStep>;
