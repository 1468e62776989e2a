import { expect, test } from "vitest";
import type { Plan, PlanStep } from "../../src/domain/plans/plan.ts";
import { checkPlan, parsePlanText } from "../../src/wire/plans/plan.ts";
import { fullPlan } from "./plan-examples.ts";

const command = { id: "a", command: "true" };

test("what a file leaves out is filled in", () => {
  expect(checkPlan({ plan_id: "ship", version: 3, steps: [command] })).toEqual({
    plan: {
      plan_id: "ship",
      version: "3",
      metadata: {},
      variables: [],
      globals: { max_concurrency: 4, default_timeout_sec: 3600, env: {}, cwd: null },
      stages: null,
      steps: [
        {
          kind: "command",
          id: "a",
          name: "a",
          depends_on: [],
          when: {},
          timeout_sec: 3600,
          retries: 0,
          retry_delay_sec: 1,
          retry_backoff: 2,
          critical: true,
          on_failure: "abort",
          stage: null,
          outputs: [],
          command: "true",
          args: [],
          env: {},
          cwd: null,
          stdin: "",
          critical_grace_period_sec: 5,
        },
      ],
    },
  });
});

test("a file with everything in it is a plan", () => {
  const plan = planOf(fullPlan);
  expect(plan).not.toHaveProperty("$schema");
  expect(plan.metadata).toEqual(fullPlan.metadata);
  expect(plan.variables[1]).toEqual({ name: "TAG", required: true, default: null, description: null });
  expect(stepOf(plan, "undo").when).toEqual({ release: ["failed"], pause: ["succeeded", "skipped"] });
  expect(stepOf(plan, "build").name).toBe(fullPlan.steps[0]?.name);
});

test("time limits are the plan's own, a day for plans in it, and none for waits", () => {
  const limits = planOf(fullPlan).steps.map(({ id, timeout_sec }) => [id, timeout_sec]);
  expect(Object.fromEntries(limits)).toMatchObject({
    build: 600,
    change: 0.5,
    release: 86_400,
    ask: null,
    approve: 60,
    tell: 0.5,
  });
});

test("a failure stops the run, unless the step isn't critical or says what else it means", () => {
  const plan = planOf(fullPlan);
  const policies = ["build", "ask", "release", "tell"].map((id) => stepOf(plan, id).on_failure);
  expect(policies).toEqual(["abort", "continue", "skip_dependents", "continue"]);
});

test("null stands for what is left out, so a plan that was printed can be read again", () => {
  const nulls = { cwd: null, stage: null, timeout_sec: null };
  const file = { plan_id: "ship", version: "1", stages: null, steps: [{ ...command, ...nulls }] };
  expect(planOf(file)).toEqual(planOf({ plan_id: "ship", version: 1, steps: [command] }));
});

test("ids that JavaScript knows as well are ids like others", () => {
  const steps = [
    { ...command, id: "constructor" },
    { ...command, id: "toString", depends_on: ["constructor"] },
    { ...command, id: "b", depends_on: ["toString"], when: { toString: "failed" } },
  ];
  const { when } = stepOf(planOf({ plan_id: "ship", version: 1, steps }), "b");
  expect(Object.entries(when)).toEqual([["toString", ["failed"]]]);
});

test("a text is read, with or without a byte order mark", () => {
  const text = JSON.stringify(fullPlan);
  expect(parsePlanText(`\ufeff${text}`)).toEqual(planOf(fullPlan));
});

test("a text that is no JSON is refused with the place", () => {
  expect(() => parsePlanText('{\n  "plan_id": "ship",\n}')).toThrow(
    expect.objectContaining({
      code: "PLAN_INVALID",
      kind: "invalid",
      details: {
        problems: [
          {
            path: "",
            message: "the file is not JSON: line 3, column 1: there is a comma too many before this",
            hint: null,
          },
        ],
      },
    }),
  );
});

test("the error counts what is wrong, and says the first few in full", () => {
  const steps = [
    { ...command, retries: "3" },
    { ...command, id: "b", depends_on: ["c", "a"], stdn: "" },
    { ...command, id: "d", depends_on: ["bb"] },
  ];
  expect(() => parsePlanText(JSON.stringify({ plan_id: "ship", version: 1, steps }))).toThrow(
    "the plan has 4 problems: steps[0].retries: is text where a number has to be (write 3); " +
      'steps[1].stdn: there is no such field (did you mean "stdin"?); steps[1].depends_on[0]: there is no step "c" ' +
      "(add it to the steps, or take it out here); and more. Mend them and try again.",
  );
});

test("of thousands of problems a hundred are told", () => {
  const steps = Array.from({ length: 5_000 }, (_, index) => ({ id: `s${index}`, command: 5, depends_on: ["nobody"] }));
  expect(() => parsePlanText(JSON.stringify({ plan_id: "ship", version: 1, steps }))).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(/^the plan has more than 100 problems: /),
      details: { problems: expect.objectContaining({ length: 100 }) },
    }),
  );
});

test("a text of more than 8 MiB is not read", () => {
  expect(() => parsePlanText(`"${"é".repeat(4 * 1024 * 1024)}"`)).toThrow("larger than 8 MiB");
});

test("eight megabytes of faults fill neither the memory nor the day", () => {
  const zeros = "0,".repeat(4_000_000);
  const nested = 2_000_000;
  const files = [
    `{"steps": [${zeros}0]}`,
    `{"steps": [{"id": "a", "depends_on": [${zeros}0]}]}`,
    `{"steps": [{"id": "a", "args": ${"[".repeat(nested)}${"]".repeat(nested)}}]}`,
    `{"metadata": {"a": ${"[".repeat(nested)}${"]".repeat(nested)}}}`,
  ];
  for (const file of files) expect(() => parsePlanText(file)).toThrow(/^the plan has .* problem/);
});

test("a plan of 10,000 steps and 20,000 dependencies is checked at once", () => {
  const steps = Array.from({ length: 10_000 }, (_, index) => ({
    id: `step-${index}`,
    command: "sh",
    args: ["-c", index === 0 ? "true" : `echo \${V} \${steps.step-${index - 1}.outputs.out}`],
    outputs: ["out"],
    depends_on: [...new Set([index - 1, (index * 7919) % (index + 1)])]
      .filter((before) => before >= 0 && before < index)
      .map((before) => `step-${before}`),
  }));
  const text = JSON.stringify({ plan_id: "big", version: 1, variables: [{ name: "V" }], steps });
  // The first time also compiles. The machine may be busy with other tests: it takes 0.2 s on one that isn't.
  const times = [1, 2, 3].map(() => {
    const start = performance.now();
    expect(parsePlanText(text).steps).toHaveLength(10_000);
    return performance.now() - start;
  });
  expect(Math.min(...times)).toBeLessThan(1_000);
});

function planOf(document: unknown): Plan {
  const checked = checkPlan(document);
  expect(checked).not.toHaveProperty("problems");
  return "plan" in checked ? checked.plan : expect.fail("it is no plan");
}

function stepOf(plan: Plan, id: string): PlanStep {
  return plan.steps.find((step) => step.id === id) ?? expect.fail(`there is no step ${id}`);
}
