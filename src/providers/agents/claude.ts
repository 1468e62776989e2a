import { reviewJsonSchema } from "../../wire/agents/agent-output.ts";
import { type AgentSettings, settingsOf } from "../../wire/agents/agent-settings.ts";
import { claudeNote } from "./claude-note.ts";
import { claudeOutcome } from "./claude-outcome.ts";
import type { Agent, AgentCommand, AgentJob } from "./port.ts";

/** Any one of these logs Claude Code in without the files of a user. */
const logins = ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_AUTH_TOKEN"];

/** Claude Code, headless: https://code.claude.com/docs/en/headless. Checked with 2.1.329. */
export const claude: Agent = {
  name: "claude",
  credentials: [...logins, "ANTHROPIC_BASE_URL"],
  checkSettings: (settings) => void settingsOf("claude", settings),
  command: claudeCommand,
  note: claudeNote,
  outcome: claudeOutcome,
};

function claudeCommand(job: AgentJob): AgentCommand {
  const settings = settingsOf("claude", job.settings);
  const argv = [
    ...["-p", "--output-format", "stream-json", "--verbose"],
    ...["--permission-mode", settings.permissionMode],
    ...[job.resume ? "--resume" : "--session-id", job.sessionId],
    ...roleArguments(job),
    ...settingArguments(settings),
    // Last, because some of its flags take all that follows them.
    ...settings.extraArgs,
  ];
  return { argv: [settings.executable, ...argv], stdin: job.prompt, variables: variablesFor(job) };
}

function roleArguments(job: AgentJob): string[] {
  if (job.role === "code") return [];
  const schema = schemaFor(job);
  // Planners and reviewers read. Joined by commas behind `=`, or the flag takes all that follows it.
  const readOnly = "--disallowedTools=Edit,Write,NotebookEdit";
  return schema === null ? [readOnly] : [readOnly, `--json-schema=${JSON.stringify(schema)}`];
}

function schemaFor(job: AgentJob): object | null {
  if (job.role === "review") return reviewJsonSchema;
  if (job.schema === undefined) return null;
  // Claude Code refuses a schema that names a dialect other than its own ("no schema with key or ref …").
  const { $schema: _, ...schema } = job.schema;
  return schema;
}

/** With `=`, a value that begins with a dash is a value still. */
function settingArguments(settings: AgentSettings<"claude">): string[] {
  const flags = {
    "--model": settings.model,
    "--effort": settings.effort,
    "--max-turns": settings.maxTurns,
    "--max-budget-usd": settings.maxBudgetUsd,
    "--append-system-prompt": settings.appendSystemPrompt,
  };
  return Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [`${flag}=${value}`]));
}

function variablesFor({ credentialsPresent, stateDirectory }: AgentJob): Record<string, string> {
  // A config folder of its own hides the login of the server's user, so it needs one that comes by a variable.
  const isolated = logins.some((name) => credentialsPresent.includes(name));
  return {
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
    DISABLE_TELEMETRY: "1",
    // Without it, bypassPermissions is refused to root.
    IS_SANDBOX: "1",
    ...(isolated ? { CLAUDE_CONFIG_DIR: `${stateDirectory}/claude` } : {}),
  };
}
