import type { AgentOutcome, AgentRole, AgentSession } from "../../domain/agents/agent.ts";
import { parseJson, reviewJsonSchema } from "../../wire/agents/agent-output.ts";
import { settingsOf } from "../../wire/agents/agent-settings.ts";
import { expectedAnswer, readAnswer } from "./answer.ts";
import { couldNotStart, describeExit, wasInterrupted } from "./exit.ts";
import { lastLines, shorten, withDetail } from "./lines.ts";
import type { Agent, AgentCommand, AgentJob, ProcessExit } from "./port.ts";
import { spentBefore } from "./usage.ts";

/** Linux takes 128 KiB for a variable with its name, and all of them share what is left of the stack. */
const variableLimitBytes = 100 * 1024;

/** Any program of the user's: the request comes on standard input, and what it does to the checkout is its work. */
export const command: Agent = {
  name: "command",
  credentials: [],
  checkSettings: (settings) => void settingsOf("command", settings),
  command: userCommand,
  note: (line) => (line.trim() === "" ? null : { kind: "text", text: shorten(line.trim(), 4_000) }),
  outcome: commandOutcome,
};

function userCommand(job: AgentJob): AgentCommand {
  const { argv, variables } = settingsOf("command", job.settings);
  const schema = job.role === "review" ? reviewJsonSchema : job.schema;
  const schemaText = schema === undefined ? "" : JSON.stringify(schema);
  return {
    argv,
    stdin: job.prompt,
    variables: {
      ...variables,
      FAIRLEAD_REQUEST: fitVariable(job.prompt),
      FAIRLEAD_ROLE: job.role,
      FAIRLEAD_ROUND: String(job.round),
      FAIRLEAD_SESSION_ID: job.sessionId,
      // A schema that is cut off is no schema.
      ...(schemaText !== "" && fitVariable(schemaText) === schemaText ? { FAIRLEAD_SCHEMA: schemaText } : {}),
    },
  };
}

function commandOutcome<Role extends AgentRole>(
  job: AgentJob<Role>,
  { stdout, stderr, exit }: { readonly stdout: string; readonly stderr: string; readonly exit: ProcessExit },
): AgentOutcome<Role> {
  const session = sessionOf(job);
  if (exit.code !== 0) {
    const trouble = wasInterrupted(exit) ? "interrupted" : "crashed";
    return { state: "failed", trouble, message: failureMessage(stderr || stdout, exit), session };
  }
  const text = job.role === "code" ? lastLines(stdout, 2_000) : stdout;
  const result = readAnswer(job.role, { text });
  if (result !== null) return { state: "done", result, session };
  const nothing = parseJson(stdout) === undefined ? "its last line is no JSON" : "its JSON has another form";
  const message = `The agent's command must print ${expectedAnswer[job.role]}, but ${nothing}. Correct it and retry.`;
  return { state: "failed", trouble: "malformed_result", message, session };
}

function failureMessage(said: string, exit: ProcessExit): string {
  if (wasInterrupted(exit)) return "The agent's command was stopped before it was done. Retry to run it again.";
  if (couldNotStart(exit, said)) {
    return withDetail("The agent's command could not be started. Correct `argv` in the agent's settings.", said);
  }
  return withDetail(`The agent's command ${describeExit(exit)}. See the log, correct it and retry.`, said);
}

/** A command may keep a conversation under the id that it was given; what it costs it doesn't say. */
function sessionOf(job: AgentJob): AgentSession {
  const usage = { costUsd: null, inputTokens: 0, outputTokens: 0 };
  return { id: job.sessionId, total: spentBefore(job), usage };
}

/** The beginning of a text that fits into a variable, cut between characters. */
function fitVariable(text: string): string {
  const bytes = Buffer.from(text.replaceAll("\0", ""));
  if (bytes.length <= variableLimitBytes) return bytes.toString();
  let end = variableLimitBytes;
  // 10xxxxxx goes on a character that began before.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}
