import type { AgentSession, AgentUsage } from "../../domain/agents/agent.ts";
import { type ClaudeLine, type ClaudeResult, readClaudeLine } from "../../wire/agents/agent-output.ts";
import { linesOf } from "./lines.ts";
import type { AgentJob } from "./port.ts";
import { doubting, greaterUsage, spentBefore, subtractUsage } from "./usage.ts";

/** What the output of a run of Claude Code says about it as a whole. */
export interface ClaudeRun {
  /** The last result line: a run may have several, and each has the totals up to itself. */
  readonly result: ClaudeResult | null;
  readonly sessionId: string | null;
  readonly loginRefused: boolean;
  /** The account's limit that was met: when it resets, in seconds since the epoch, if it said. */
  readonly limit: { readonly resetsAt: number | null } | null;
  /** Tools that were denied, where nothing after that got any work done. */
  readonly deniedTools: readonly string[];
}

export function readClaudeRun(stdout: string): ClaudeRun {
  const lines = linesOf(stdout)
    .map(readClaudeLine)
    .filter((line) => line !== null);
  const result = lines.findLast((line) => line.type === "result") ?? null;
  const limits = lines.filter((line) => line.type === "rate_limit_event").map((line) => line.rate_limit_info);
  const sessionIds = lines.filter((line) => line.type === "system").map((line) => line.session_id);
  return {
    result,
    sessionId: sessionIds.find((id) => id !== null) ?? result?.session_id ?? null,
    loginRefused: lines.some((line) => line.type === "assistant" && line.error === "authentication_failed"),
    limit: limits.findLast(({ status }) => status === "rejected") ?? null,
    deniedTools: result === null ? [] : deniedTools(lines, result),
  };
}

/** These do work, so one that succeeds after a denial may have made good for it. */
const workingTools = ["Bash", "Edit", "MultiEdit", "NotebookEdit", "Write"];

function deniedTools(lines: readonly ClaudeLine[], result: ClaudeResult): string[] {
  const denied = result.permission_denials;
  const blocks = lines.flatMap((line) => (line.type === "assistant" ? line.message.content : []));
  const working = new Set(blocks.filter(({ name }) => workingTools.includes(name ?? "")).map(({ id }) => id));
  const answers = lines.flatMap((line) => (line.type === "user" ? line.message.content : []));
  const last = answers.findLastIndex(({ tool_use_id: id }) => denied.some((denial) => denial.tool_use_id === id));
  const later = last < 0 ? [] : answers.slice(last + 1);
  const madeGood = later.some((answer) => !answer.is_error && working.has(answer.tool_use_id));
  return madeGood ? [] : [...new Set(denied.map((denial) => denial.tool_name))];
}

/**
 * The totals of a resumed session contain its earlier runs, so what was spent before is subtracted. A run that left
 * no result line has not said what it cost; a later run of the same session will, because totals go on.
 */
export function sessionAfter(job: AgentJob, run: ClaudeRun): AgentSession {
  const before = spentBefore(job);
  const id = run.sessionId ?? (job.resume ? job.sessionId : null);
  if (run.result === null) return { id, total: before, usage: { costUsd: null, inputTokens: 0, outputTokens: 0 } };
  const total = greaterUsage(totalOf(run.result), before);
  return { id, total, usage: subtractUsage(total, before), ...doubting(run.result.doubts) };
}

/** Summed over the models, as `usage` leaves out subagents and compaction. Tokens read from the cache are input too. */
function totalOf({ total_cost_usd: costUsd, modelUsage }: ClaudeResult): AgentUsage {
  const models = Object.values(modelUsage);
  return {
    costUsd,
    inputTokens: models.reduce(
      (sum, model) => sum + model.inputTokens + model.cacheReadInputTokens + model.cacheCreationInputTokens,
      0,
    ),
    outputTokens: models.reduce((sum, model) => sum + model.outputTokens, 0),
  };
}
