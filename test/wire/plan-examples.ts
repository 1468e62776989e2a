import { checkPlan } from "../../src/wire/plans/plan.ts";

/** A plan file with everything in it that there is, and nothing wrong. */
export const fullPlan = {
  $schema: "./plan.schema.json",
  plan_id: "ship",
  version: "2026-11",
  metadata: { project: "shop", phase_id: "P1", anything: [{ deep: null }] },
  variables: [
    { name: "REGION", default: `literally \${this}`, description: "Where it goes" },
    { name: "TAG", required: true },
  ],
  globals: {
    max_concurrency: 8,
    default_timeout_sec: 0.5,
    env: { REGION: `\${REGION}`, RUN: `\${run.id}` },
    cwd: "app",
  },
  stages: {
    initial: "BUILD",
    moves: { BUILD: ["REVIEW", "FAILED"], REVIEW: ["BUILD", "DONE", "FAILED"], DONE: [], FAILED: [] },
    ends: { succeeded: "DONE", failed: "FAILED", cancelled: "FAILED" },
  },
  steps: [
    {
      id: "build",
      name: `Build \${TAG}`,
      command: "make",
      args: ["-j4", `TAG=\${TAG}`, `$\${HOME}`],
      env: { OUT: `\${run.folder}/out` },
      cwd: "app",
      stdin: `\${REGION}\n`,
      outputs: ["image", "digest"],
      stage: "BUILD",
      timeout_sec: 600,
      retries: 2,
      retry_delay_sec: 0,
      retry_backoff: 1.5,
      critical_grace_period_sec: 0,
    },
    {
      id: "change",
      kind: "agent",
      role: "code",
      prompt: `Use \${steps.build.outputs.image}.`,
      depends_on: ["build"],
      agent: "claude",
      settings: { model: "opus" },
    },
    {
      id: "review",
      kind: "agent",
      role: "review",
      prompt: `Review \${steps.change.outputs.summary} at \${steps.change.outputs.head}`,
      depends_on: ["change"],
      on_reject: { restart_from: "change", max_rounds: 2 },
      stage: "REVIEW",
    },
    { id: "plan", kind: "agent", role: "plan", prompt: "Plan it.", schema: { type: "object" }, depends_on: ["build"] },
    {
      id: "ask",
      kind: "wait",
      wait: {
        for: "choice",
        message: `\${steps.review.outputs.verdict}: \${steps.plan.outputs.plan}?`,
        choices: ["now", `in \${REGION}`],
        who: ["ada"],
        deadline_sec: 7_776_000,
      },
      depends_on: ["review", "plan"],
      critical: false,
    },
    { id: "approve", kind: "wait", wait: { for: "approval", message: "Go?" }, depends_on: ["ask"], timeout_sec: 60 },
    { id: "say", kind: "wait", wait: { for: "answer", message: "Which?" }, depends_on: ["ask"] },
    { id: "pause", kind: "wait", wait: { for: "time", seconds: 0 }, depends_on: ["approve"] },
    { id: "until", kind: "wait", wait: { for: "time", until: "2026-11-21T08:15+01:00" }, depends_on: ["approve"] },
    { id: "later", kind: "wait", wait: { for: "time", until: `\${steps.say.outputs.answer}` }, depends_on: ["say"] },
    {
      id: "release",
      kind: "plan",
      plan: "release",
      variables: { IMAGE: `\${steps.build.outputs.image}`, HOW: `\${steps.ask.outputs.choice}` },
      depends_on: ["pause", "until", "later"],
      on_failure: "skip_dependents",
    },
    {
      id: "undo",
      command: "undo",
      depends_on: ["release", "pause"],
      when: { release: "failed", pause: ["succeeded", "skipped"] },
    },
    { id: "tell", command: "tell", depends_on: ["release"], when: { release: "finished" }, on_failure: "continue" },
  ],
};

/** The smallest plan with these steps. */
export function planWith(steps: unknown, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { plan_id: "ship", version: 1, steps, ...more };
}

/** A command, which does nothing. */
export function step(id: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { id, command: "true", ...more };
}

/** Everything that is wrong with a document, a line for each: `path: message → hint`. */
export function faultsOf(document: unknown): string[] {
  const checked = checkPlan(document);
  if ("plan" in checked) return [];
  return checked.problems.map(({ path, message, hint }) => `${path}: ${message}${hint === null ? "" : ` → ${hint}`}`);
}
