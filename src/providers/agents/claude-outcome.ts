import type { AgentOutcome, AgentRole } from "../../domain/agents/agent.ts";
import { expectedAnswer, readAnswer } from "./answer.ts";
import { readClaudeRun, sessionAfter } from "./claude-run.ts";
import { type ClaudeOutput, failedResult, type Setback, withoutResult } from "./claude-setbacks.ts";
import { describeExit, wasStopped } from "./exit.ts";
import { shorten, withDetail } from "./lines.ts";
import type { AgentJob } from "./port.ts";

/**
 * How a run of Claude Code ended. It is done only with a result line that is no error, exit status 0, no denied tool
 * that left work undone, and the answer that its role asks for; the subtype says `success` also when nobody is
 * logged in.
 */
export function claudeOutcome<Role extends AgentRole>(job: AgentJob<Role>, output: ClaudeOutput): AgentOutcome<Role> {
  const run = readClaudeRun(output.stdout);
  const session = sessionAfter(job, run);
  const fail = (setback: Setback): AgentOutcome<Role> => ({
    ...setback,
    session: sessionFor(setback, session, job),
  });

  const { result, deniedTools } = run;
  if (result === null) return fail(withoutResult(output));
  if (result.is_error) return fail(failedResult(run, result, output));
  // A result line is final: a process that hung after it and was stopped has done its work.
  if (output.exit.code !== 0 && !wasStopped(output.exit)) {
    const sentence = `Claude Code said that it was done and then ${describeExit(output.exit)}. Retry.`;
    return fail({ state: "failed", trouble: "crashed", message: withDetail(sentence, output.stderr) });
  }
  if (job.role === "code" && deniedTools.length > 0) return fail(permissionDenied(deniedTools));

  const answer = readAnswer(job.role, { text: result.result ?? "", value: result.structured_output });
  if (answer !== null) return { state: "done", result: answer, session };
  if (deniedTools.length > 0) return fail(permissionDenied(deniedTools));
  const message = `Claude Code did not answer with ${expectedAnswer[job.role]}. Retry.`;
  return fail({ state: "failed", trouble: "malformed_result", message });
}

function permissionDenied(tools: readonly string[]): Setback {
  const message =
    `Claude Code was not permitted to use ${shorten(tools.join(", "), 500)}. Set permissionMode to "bypassPermissions" in the ` +
    "agent's settings, or take the rule that denies it out of the repository's .claude/settings.json, then retry.";
  return { state: "failed", trouble: "permission_denied", message };
}

/** Where the CLI named a session that isn't ours to go on with, or none although there is one. */
function sessionFor<Session extends { readonly id: string | null }>(
  setback: Setback,
  session: Session,
  job: AgentJob,
): Session {
  if (setback.state !== "failed") return session;
  if (setback.trouble === "session_unknown") return { ...session, id: null };
  return setback.trouble === "session_taken" ? { ...session, id: job.sessionId } : session;
}
