import { z } from "zod";
import { AgentSettingsInvalid, AgentUnknown } from "../../domain/faults/agents.ts";
import { scriptSteps } from "./agent-script.ts";

/** No argument may hold a NUL, and Linux takes at most 128 KiB in one. */
const argument = z
  .string()
  .max(20_000)
  .refine((value) => !value.includes("\0"), "must not hold a NUL character");

const flagsOfOurs = [
  ["-p", "--print", "--output-format", "--input-format", "--verbose", "--json-schema", "--permission-mode"],
  ["--session-id", "-r", "--resume", "-c", "--continue", "--fork-session", "--no-session-persistence", "--bg", "--"],
].flat();

const extraArgument = argument.refine(
  (value) => !flagsOfOurs.includes(value.split("=")[0] ?? value),
  "is a flag that Fairlead sets itself",
);

const claudeSettings = z.strictObject({
  /** A path or a name on the environment's PATH. */
  executable: argument.min(1).max(1_000).default("claude"),
  model: z
    .string()
    .max(200)
    .regex(/^[A-Za-z0-9]/, "must begin with a letter or a digit")
    .optional(),
  effort: z.enum(["low", "medium", "high", "xhigh", "max"]).optional(),
  maxTurns: z.int().min(1).max(1_000).optional(),
  maxBudgetUsd: z.number().min(0.01).max(1_000).optional(),
  permissionMode: z
    .enum(["acceptEdits", "auto", "bypassPermissions", "default", "dontAsk", "manual", "plan"])
    .default("bypassPermissions"),
  appendSystemPrompt: argument.min(1).optional(),
  extraArgs: z.array(extraArgument).max(50).default([]),
});

const variableName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of a variable")
  .refine((name) => !name.startsWith("FAIRLEAD_"), "must not begin with FAIRLEAD_, which Fairlead sets itself");

const commandSettings = z.strictObject({
  /** The program and its arguments; no shell reads them. */
  argv: z.tuple([argument.min(1)], argument).refine(({ length }) => length <= 100, "must have at most 100 elements"),
  variables: z
    .record(variableName, argument)
    .refine((variables) => Object.keys(variables).length <= 100, "must have at most 100 entries")
    .default({}),
});

const scriptedSettings = z.strictObject({
  /** Round n does the n-th list, and the last one when there are fewer. Left out: a small change to any repository. */
  rounds: z.array(scriptSteps).min(1).max(100).optional(),
});

/** The settings of each agent there is. */
const agentSettings = { claude: claudeSettings, command: commandSettings, scripted: scriptedSettings };

export type AgentName = keyof typeof agentSettings;
export type AgentSettings<Name extends AgentName = AgentName> = z.infer<(typeof agentSettings)[Name]>;

/** Throws `AgentUnknown` or `AgentSettingsInvalid`. No settings at all (`null`, `undefined`) are the default ones. */
export function parseAgentSettings(name: string, settings: unknown): AgentSettings {
  if (!isAgentName(name)) throw new AgentUnknown(name, Object.keys(agentSettings));
  const parsed = agentSettings[name].safeParse(settings ?? {});
  if (parsed.success) return parsed.data;
  throw new AgentSettingsInvalid(name, parsed.error.issues.slice(0, 20).map(problem));
}

/** The same for an adapter, which knows its own name. */
export function settingsOf<Name extends AgentName>(name: Name, settings: unknown): AgentSettings<Name> {
  return parseAgentSettings(name, settings) as AgentSettings<Name>;
}

export function isAgentName(name: string): name is AgentName {
  return Object.hasOwn(agentSettings, name);
}

function problem({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `${path.join(".")}: ${message}`;
}
