import { EnvironmentLost } from "../../domain/faults/environments.ts";
import { StepFailed } from "../../domain/faults/runs.ts";
import type { CommandStep } from "../../domain/plans/plan.ts";
import type { Step } from "../../domain/plans/run.ts";
import { readOutputs } from "../../domain/plans/step-outputs.ts";
import { stepProcess } from "../../domain/plans/step-process.ts";
import { lastLines, storable } from "../../domain/texts/text.ts";
import type { Environment, ProcessSpec } from "../../providers/environments/port.ts";
import { settleSucceeded, stepAsSeen } from "../../store/runs/steps.ts";
import { type Ended, startAndFollow } from "../processes/follow-process.ts";
import { sshAgentOfCommand } from "../processes/ssh-agent.ts";
import type { Services } from "../services.ts";
import { runEnvironment } from "./run-environment.ts";
import type { BegunRun } from "./run-step.ts";

interface CommandAttempt {
  readonly step: Step;
  readonly spec: CommandStep;
}

/** Runs a command step through the supervisor, or adopts what a worker that is gone has started, and settles it. */
export async function runCommandStep(
  services: Services,
  run: BegunRun,
  { step, spec }: CommandAttempt,
  stopping: AbortSignal,
): Promise<void> {
  const { sql } = services;
  const environment = runEnvironment(services, run.environmentId);
  const process = processOf(environment, run, { step, spec });
  const variables = { ...(await sshAgentOfCommand(services, run)), ...process.variables };
  const ended = await startAndFollow(
    services,
    environment,
    { ...process, variables },
    {
      owner: { changeId: run.changeId, runId: run.id },
      timeoutMs: spec.timeout_sec * 1000,
      graceMs: spec.critical_grace_period_sec * 1000,
      stopping,
      stillWanted: async () => (await stepAsSeen(sql, step)) !== null,
    },
  );
  if (ended.state !== "exited" || ended.code !== 0) throw await failed(environment, { step, spec }, ended);
  const outputs = await outputsLeft(environment, { step, spec });
  await settleSucceeded(sql, step, { outputs, exitCode: 0 });
}

function processOf(environment: Environment, run: BegunRun, { step, spec }: CommandAttempt): ProcessSpec {
  return {
    name: stepProcess(step),
    argv: [spec.command, ...spec.args],
    stdin: spec.stdin,
    cwd: spec.cwd ?? undefined,
    variables: {
      ...spec.env,
      FAIRLEAD_RUN: run.id,
      FAIRLEAD_STEP: step.key,
      FAIRLEAD_ATTEMPT: String(step.attempt),
      ...(step.feedback === null ? {} : { FAIRLEAD_FEEDBACK: JSON.stringify(step.feedback) }),
      FAIRLEAD_OUTPUTS: `${environment.stateDirectory}/${outputsName(step)}`,
    },
  };
}

async function failed(environment: Environment, { step, spec }: CommandAttempt, ended: Ended): Promise<Error> {
  if (ended.state === "lost") {
    const what = (await environment.present()) ? "its process" : "its environment";
    return new EnvironmentLost(`${what} has vanished, and nobody saw how it ended`);
  }
  const said = lastLines(await endOfOutput(environment, stepProcess(step)));
  if (ended.state === "overdue") {
    return new StepFailed({ kind: "timeout", message: `stopped after ${spec.timeout_sec} s, its time limit: ${said}` });
  }
  if (ended.code === 127 && / not found\s*$/.test(said)) {
    const message = `there is no program "${spec.command}": \`command\` names one program, and what it is given goes into \`args\``;
    return new StepFailed({ kind: "command", message, exitCode: ended.code });
  }
  const how = ended.signal === null ? `exit status ${ended.code}` : `killed by ${ended.signal}`;
  return new StepFailed({ kind: "command", message: `${how}: ${said}`, exitCode: ended.code });
}

const messageBytes = 4096;

/** The end of what it complained of or, when it didn't, of what it said. */
async function endOfOutput(environment: Environment, name: string): Promise<string> {
  for (const stream of ["stderr", "stdout"] as const) {
    const size = await environment.written(name, stream);
    const bytes = await environment.read(name, stream, Math.max(0, size - messageBytes), messageBytes);
    const text = storable(bytes.toString("utf8"));
    if (text.trim() !== "") return text;
  }
  return "";
}

const outputsName = (step: Step): string => `${stepProcess(step)}.outputs`;

const outputsLimit = 256 * 1024;

async function outputsLeft(environment: Environment, { step, spec }: CommandAttempt): Promise<Record<string, string>> {
  if (spec.outputs.length === 0) return {};
  const read = readOutputs((await environment.readState(outputsName(step))) ?? "", spec.outputs, outputsLimit);
  if ("problem" in read) throw new StepFailed({ kind: "outputs", message: read.problem, exitCode: 0 });
  return read.outputs;
}
