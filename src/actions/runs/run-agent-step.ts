import {
  type AgentOutcome,
  type AgentResults,
  type AgentRole,
  type AgentUsage,
  noUsage,
} from "../../domain/agents/agent.ts";
import { sessionIdOf } from "../../domain/agents/session-id.ts";
import type { Change } from "../../domain/change.ts";
import { StepFailed } from "../../domain/faults/runs.ts";
import type { AgentStep } from "../../domain/plans/plan.ts";
import type { Step, StepFailureKind } from "../../domain/plans/run.ts";
import { stepProcess } from "../../domain/plans/step-process.ts";
import { stepPrompt } from "../../domain/plans/step-prompt.ts";
import { oneLine, storable } from "../../domain/texts/text.ts";
import type { AgentJob } from "../../providers/agents/port.ts";
import { schemaProblems } from "../../providers/agents/schema-problems.ts";
import type { Environment } from "../../providers/environments/port.ts";
import { commitsSince, markCommit } from "../../providers/git/checkout/marks.ts";
import { findChange } from "../../store/changes.ts";
import { settleStepLimited, settleSucceeded, settleWaiting, stepAsSeen } from "../../store/runs/steps.ts";
import { limitedUntil } from "../../store/usage-limits.ts";
import { agentSettings } from "../agents/agent-settings.ts";
import { credentialOf } from "../agents/credential-of.ts";
import { type AgentStart, followThrough } from "../agents/follow-through.ts";
import { pushWhile } from "../branches/push-while.ts";
import { openEnvironment } from "../environments/open-environment.ts";
import { interruptible } from "../interruptible.ts";
import type { Services } from "../services.ts";
import { runEnvironment } from "./run-environment.ts";
import type { BegunRun } from "./run-step.ts";

interface AgentAttempt {
  readonly step: Step;
  readonly spec: AgentStep;
}

/** Runs an agent step, or adopts the agent that a worker that is gone has started, and settles it by what it answers. */
export async function runAgentStep(
  services: Services,
  run: BegunRun,
  attempt: AgentAttempt,
  stopping: AbortSignal,
): Promise<void> {
  const { sql } = services;
  const { step, spec } = attempt;
  const name = spec.agent ?? run.agent ?? "claude";
  const environment = interruptible(runEnvironment(services, run.environmentId), stopping);
  const credential = credentialOf(services, name);
  const until = await limitedUntil(sql, credential);
  if (until !== null && (await environment.adopt(stepProcess(step))).state === "absent") {
    if (services.onUsageLimit === "ask") throw askingPeople("The usage limit of its agent is reached.", until);
    await settleWaiting(sql, step, { for: "limit" }, { until });
    return;
  }
  if (spec.role === "code") await markCommit(environment, stepProcess(step));
  const outcome = await follow(services, run, { ...attempt, environment, name }, stopping);
  if (outcome.state === "limited") {
    const { resetsAt, session, message } = outcome;
    if (services.onUsageLimit === "ask") throw askingPeople(message, new Date(resetsAt), session.usage);
    await settleStepLimited(sql, step, { credential, resetsAt, usage: session.usage });
    return;
  }
  const { usage } = outcome.session;
  if (outcome.state === "failed") throw new StepFailed({ kind: "agent", message: outcome.message, usage });
  const outputs = await answerOf(environment, attempt, { result: outcome.result, usage });
  await settleSucceeded(sql, step, { outputs, exitCode: 0, usage });
}

interface AgentAtWork extends AgentAttempt {
  readonly environment: Environment;
  readonly name: string;
}

async function follow(
  services: Services,
  run: BegunRun,
  work: AgentAtWork,
  stopping: AbortSignal,
): Promise<AgentOutcome> {
  const { step, spec, environment, name } = work;
  const change = run.changeId === null ? null : await findChange(services.sql, run.changeId);
  const agent = services.agent(name);
  const jobFor = await jobsOf(services, change, work);
  const follows = () =>
    followThrough(
      services,
      { environment, agent, name: stepProcess(step), jobFor },
      {
        owner: { changeId: run.changeId, runId: run.id },
        timeoutMs: spec.timeout_sec * 1000,
        graceMs: spec.critical_grace_period_sec * 1000,
        stopping,
        stillWanted: async () => (await stepAsSeen(services.sql, step)) !== null,
      },
    );
  const place = change === null ? null : await openEnvironment(services, change);
  const outcome =
    change === null || place === null ? await follows() : await pushWhile(services, change, place, follows);
  if (outcome.state !== "overdue") return outcome;
  const message = `stopped after ${spec.timeout_sec} s, its time limit`;
  throw new StepFailed({ kind: "timeout", message, usage: outcome.usage });
}

async function jobsOf(
  services: Services,
  change: Change | null,
  work: AgentAtWork,
): Promise<(start: AgentStart) => AgentJob> {
  const { step, spec, environment, name } = work;
  const agent = services.agent(name);
  const itsOwn = change === null ? {} : await agentSettings(services, change, spec.agent);
  const settings = spec.settings ?? itsOwn;
  agent.checkSettings(settings);
  const job = {
    role: spec.role,
    request: spec.prompt,
    sessionId: sessionIdOf(step.id, step.attempt),
    round: step.round,
    stateDirectory: environment.stateDirectory,
    settings,
    credentialsPresent: agent.credentials.filter((key) => services.credentials[key] !== undefined),
    ...(spec.schema === null ? {} : { schema: { ...spec.schema } }),
  };
  return (start) => ({
    ...job,
    prompt: stepPrompt(spec, step.feedback, { isResumed: start.kind === "resumed" }),
    resume: start.kind === "resumed",
    spent: start.kind === "resumed" ? start.session.total : noUsage,
  });
}

interface Answered {
  readonly result: AgentResults[AgentRole];
  readonly usage: AgentUsage;
}

const longestOutput = 1024 * 1024;

/** The outputs of an agent that has done what it was asked; throws `StepFailed` where it hasn't. */
async function answerOf(
  environment: Environment,
  { step, spec }: AgentAttempt,
  { result, usage }: Answered,
): Promise<Record<string, string>> {
  const fail = (kind: StepFailureKind, message: string, outputs = {}) =>
    new StepFailed({ kind, message, outputs, usage, exitCode: 0 });
  if ("plan" in result) {
    const plan = storable(JSON.stringify(result.plan));
    if (plan.length > longestOutput) throw fail("agent", `its plan is longer than ${longestOutput} characters`);
    const problems = spec.schema === null ? [] : schemaProblems(spec.schema, result.plan);
    if (problems.length > 0) throw fail("agent", `its plan does not fit the schema: ${problems.join("; ")}`);
    return { plan };
  }
  if ("verdict" in result) {
    const outputs = { verdict: result.verdict, findings: storable(JSON.stringify(result.findings)) };
    if (result.verdict === "approved") return outputs;
    const first = result.findings[0]?.text ?? "it said no more than that";
    throw fail("rejected", storable(`rejected: ${oneLine(first, 300)}`), outputs);
  }
  const { commits, head } = await commitsSince(environment, stepProcess(step));
  return { summary: storable(result.summary), commits: commits.join(" "), head };
}

function askingPeople(message: string, until: Date, usage: AgentUsage = noUsage): StepFailed {
  return new StepFailed({ kind: "agent", message: `${message} Retry after ${until.toISOString()}.`, usage });
}
