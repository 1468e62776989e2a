import type { CommandStep, Plan, PlanStep } from "../../src/domain/plans/plan.ts";

/** A checked plan with nothing in it but these steps. */
export function planOf(steps: readonly PlanStep[], more: Partial<Plan> = {}): Plan {
  return {
    plan_id: "test",
    version: "1",
    metadata: {},
    variables: [],
    globals: { max_concurrency: 4, default_timeout_sec: 60, env: {}, cwd: null },
    stages: null,
    steps,
    ...more,
  };
}

/** A step that does nothing, and is all that it isn't told to be. */
export function step(id: string, depends_on: readonly string[] = [], more: Partial<CommandStep> = {}): CommandStep {
  return {
    id,
    name: id,
    kind: "command",
    command: "true",
    args: [],
    env: {},
    cwd: null,
    stdin: "",
    critical_grace_period_sec: 1,
    depends_on,
    when: {},
    timeout_sec: 60,
    retries: 0,
    retry_delay_sec: 0,
    retry_backoff: 1,
    critical: true,
    on_failure: "abort",
    stage: null,
    outputs: [],
    ...more,
  };
}
