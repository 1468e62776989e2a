import { fileURLToPath } from "node:url";
import { type AgentOutcome, type AgentRole, type AgentSession, noUsage } from "../../domain/agents/agent.ts";
import { readScriptedLine, type ScriptedLine } from "../../wire/agents/agent-output.ts";
import type { ScriptOrder, ScriptStep } from "../../wire/agents/agent-script.ts";
import { settingsOf } from "../../wire/agents/agent-settings.ts";
import { type Answer, expectedAnswer, readAnswer } from "./answer.ts";
import { describeExit, wasInterrupted, wasStopped } from "./exit.ts";
import { linesOf, shorten, withDetail } from "./lines.ts";
import type { Agent, AgentCommand, AgentJob, AgentNote, ProcessExit } from "./port.ts";
import { addUsage, doubting, spentBefore } from "./usage.ts";

const program = fileURLToPath(new URL("scripted-agent.ts", import.meta.url));

/** Does what a script says, in a process of its own: for the demo, for tests, and to try Fairlead with no account. */
export const scripted: Agent = {
  name: "scripted",
  credentials: [],
  checkSettings: (settings) => void settingsOf("scripted", settings),
  command: scriptedCommand,
  note: scriptedNote,
  outcome: scriptedOutcome,
};

function scriptedCommand(job: AgentJob): AgentCommand {
  const { rounds } = settingsOf("scripted", job.settings);
  const steps = rounds?.[Math.min(job.round, rounds.length) - 1] ?? defaultSteps(job);
  return {
    // Node 22 warns on standard error that it strips types.
    argv: [process.execPath, "--disable-warning=ExperimentalWarning", program],
    stdin: JSON.stringify({ steps } satisfies ScriptOrder),
    variables: {},
  };
}

/** A small change that fits any repository, so that no settings are needed to try Fairlead. */
function defaultSteps({ role, round, request: asked }: AgentJob): ScriptStep[] {
  if (role === "review") return [{ do: "review", verdict: "approved", findings: [] }];
  const request = shorten(asked.trim(), 10_000).replaceAll("\n", "\n  ");
  if (role === "plan") return [{ do: "plan", plan: { summary: request, tasks: [{ title: shorten(request, 200) }] } }];
  return [
    { do: "say", text: "I am the scripted agent: I write the request down and do nothing else." },
    { do: "append", path: "FAIRLEAD-CHANGES.md", text: `- Round ${round}: ${request}\n` },
    { do: "say", text: "Wrote the request into FAIRLEAD-CHANGES.md." },
  ];
}

function scriptedNote(line: string): AgentNote | null {
  const known = readScriptedLine(line);
  if (known?.type === "say") return { kind: "text", text: shorten(known.text, 4_000) };
  if (known?.type === "did") return { kind: "tool", text: shorten(known.text, 4_000) };
  if (known?.type === "limit") {
    return {
      kind: "limit",
      text: `The usage limit is reached; it resets at ${new Date(known.resetsAt).toISOString()}`,
    };
  }
  const plain = line.trim();
  return known !== null || plain === "" || plain.startsWith("{") ? null : { kind: "text", text: shorten(plain, 4_000) };
}

function scriptedOutcome<Role extends AgentRole>(
  job: AgentJob<Role>,
  { stdout, stderr, exit }: { readonly stdout: string; readonly stderr: string; readonly exit: ProcessExit },
): AgentOutcome<Role> {
  const lines = linesOf(stdout)
    .map(readScriptedLine)
    .filter((line) => line !== null);
  const session = sessionAfter(job, lines);
  const limit = lines.findLast((line) => line.type === "limit");
  if (limit !== undefined) {
    const message = "The scripted agent met the usage limit in its script; the change goes on when it resets.";
    return { state: "limited", resetsAt: limit.resetsAt, message, session };
  }
  const ended = lines.some((line) => line.type === "end");
  if (ended && (exit.code === 0 || wasStopped(exit))) {
    const result = readAnswer(job.role, answerIn(job.role, lines));
    if (result !== null) return { state: "done", result, session };
  }
  if (exit.code === 0) {
    const message = `The scripted agent did not answer with ${expectedAnswer[job.role]}. Correct its script and retry.`;
    return { state: "failed", trouble: "malformed_result", message, session };
  }
  if (wasInterrupted(exit)) {
    const message = "The scripted agent was stopped before it was done. Retry to run it again.";
    return { state: "failed", trouble: "interrupted", message, session };
  }
  const message = withDetail(`The scripted agent ${describeExit(exit)}. Correct its script and retry.`, stderr);
  return { state: "failed", trouble: "crashed", message, session };
}

function answerIn(role: AgentRole, lines: readonly ScriptedLine[]): Answer {
  const said = lines.findLast((line) => line.type === "say")?.text ?? "Did what its script says.";
  if (role === "code") return { text: said };
  const value = lines.findLast((line) => line.type === role);
  return { text: "", value: value?.type === "plan" ? value.plan : value };
}

function sessionAfter(job: AgentJob, lines: readonly ScriptedLine[]): AgentSession {
  const costs = lines.filter((line) => line.type === "cost");
  const usage = costs
    .map(({ usd: costUsd, inputTokens, outputTokens }) => ({ costUsd, inputTokens, outputTokens }))
    .reduce(addUsage, noUsage);
  const doubts = costs.flatMap((line) => line.doubts).slice(0, 5);
  return { id: job.sessionId, total: addUsage(usage, spentBefore(job)), usage, ...doubting(doubts) };
}
