import type { AgentTrouble } from "../../domain/agents/agent.ts";
import type { ClaudeResult } from "../../wire/agents/agent-output.ts";
import type { ClaudeRun } from "./claude-run.ts";
import { couldNotStart, describeExit, signalOf, wasInterrupted } from "./exit.ts";
import { withDetail } from "./lines.ts";
import type { ProcessExit } from "./port.ts";

export interface ClaudeOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: ProcessExit;
  readonly now: number;
}

/** An outcome that is not success, before it is known what the session has cost. */
export type Setback =
  | { readonly state: "failed"; readonly trouble: AgentTrouble; readonly message: string }
  | { readonly state: "limited"; readonly resetsAt: number; readonly message: string };

/** A limit that doesn't say when it ends is asked again after this long. */
const unknownLimitMs = 15 * 60_000;

const interrupted = failed("interrupted", "Claude Code was stopped before it was done. Retry to go on from here.");

/** What a result line with `is_error` means. */
export function failedResult(run: ClaudeRun, result: ClaudeResult, output: ClaudeOutput): Setback {
  const said = [result.result, ...result.errors].filter((part) => part).join("; ");
  const stopped = result.terminal_reason?.startsWith("aborted") || wasInterrupted(output.exit);
  if (isLimit(run, result)) return limited(run, said, output.now);
  if (result.errors.some((error) => error.includes("No conversation found"))) return sessionUnknown;
  if (result.subtype === "error_during_execution" && stopped) return interrupted;
  if (result.subtype === "error_max_turns") return turnLimit(said);
  if (result.subtype === "error_max_budget_usd") return budgetLimit(said);
  if (result.subtype === "error_max_structured_output_retries") return malformed(said);
  if (run.loginRefused || result.api_error_status === 401) return notLoggedIn(said);
  if (result.terminal_reason === "api_error" || result.api_error_status !== null) return providerError(said);
  return failed("crashed", withDetail("Claude Code gave up. Retry.", said || output.stderr));
}

/** What it means that there is no result line. */
export function withoutResult({ stdout, stderr, exit }: ClaudeOutput): Setback {
  if (stderr.includes("No conversation found")) return sessionUnknown;
  if (stderr.includes("is already in use")) {
    return failed("session_taken", "The session of this change has begun already. Retry to go on with it.");
  }
  if (wasInterrupted(exit)) return interrupted;
  if (signalOf(exit) === "SIGKILL") {
    return failed("crashed", "Claude Code was killed by SIGKILL, maybe for want of memory. Retry.");
  }
  if (exit.code === 0) {
    return failed("malformed_result", withDetail("Claude Code ended without a result. Update it and retry.", stderr));
  }
  if (stdout.trim() === "" && couldNotStart(exit, stderr)) {
    const install = "Install it on the server (npm install -g @anthropic-ai/claude-code)";
    const sentence = `Claude Code could not be started. ${install}, or set \`executable\` in the agent's settings.`;
    return failed("crashed", withDetail(sentence, stderr));
  }
  return failed("crashed", withDetail(`Claude Code ${describeExit(exit)} and left no result. Retry.`, stderr));
}

function isLimit({ limit }: ClaudeRun, result: ClaudeResult): boolean {
  if (result.api_error === "usage_limit_reached") return true;
  const refused = result.api_error_status === 429 || result.api_error_status === null;
  return limit !== null && refused && result.terminal_reason === "api_error";
}

function limited({ limit }: ClaudeRun, said: string, now: number): Setback {
  const resetsAt = limit?.resetsAt ? limit.resetsAt * 1_000 : now + unknownLimitMs;
  const sentence = "The Claude account is used up for now; the change goes on when its limit resets.";
  return { state: "limited", resetsAt, message: withDetail(sentence, said) };
}

const sessionUnknown = failed(
  "session_unknown",
  "Claude Code no longer knows the session of this change. Retry to begin a new one.",
);

function notLoggedIn(said: string): Setback {
  const login = "Log in with `claude` on the server, or set ANTHROPIC_API_KEY, then retry.";
  return failed("not_logged_in", withDetail(`Claude Code is not logged in, or its login was refused. ${login}`, said));
}

function providerError(said: string): Setback {
  return failed("provider_error", withDetail("The model provider failed. Retry in a few minutes.", said));
}

function turnLimit(said: string): Setback {
  const sentence =
    "Claude Code used up its turns. Raise maxTurns in the agent's settings, or ask for less, then retry.";
  return failed("turn_limit", withDetail(sentence, said));
}

function budgetLimit(said: string): Setback {
  const sentence = "Claude Code used up its budget. Raise maxBudgetUsd in the agent's settings, then retry.";
  return failed("budget_limit", withDetail(sentence, said));
}

function malformed(said: string): Setback {
  return failed(
    "malformed_result",
    withDetail("Claude Code could not give its answer the asked-for form. Retry.", said),
  );
}

function failed(trouble: AgentTrouble, message: string): Setback {
  return { state: "failed", trouble, message };
}
