import { expect, test } from "vitest";
import { faultsOf, planWith, step } from "./plan-examples.ts";

const names = "it takes 1 to 64 letters, digits and _, and does not begin with a digit";

test.each([
  ["a", "steps[0]: is text where an object has to be"],
  [{ command: "true" }, "steps[0].id: is missing → it has to be text"],
  [{ id: "a" }, "steps[0].command: is missing → it has to be text"],
  [{ id: "a", command: "" }, "steps[0].command: is empty → say something here"],
  [{ id: "a", kind: "wait" }, "steps[0].wait: is missing → it has to be an object"],
  [{ id: "a", kind: "plan" }, "steps[0].plan: is missing → it has to be text"],
  [{ id: "a", kind: "agent", prompt: "Do" }, "steps[0].role: is missing → it has to be one of plan, code, review"],
  [{ id: "a", kind: "shell" }, 'steps[0].kind: "shell" is none of command, agent, wait, plan'],
  [{ id: "a", kind: 5 }, "steps[0].kind: is 5 where one of command, agent, wait, plan has to be"],
  [
    { id: "a", kind: "agnt", role: "code", prompt: "Do" },
    'steps[0].kind: "agnt" is none of command, agent, wait, plan → did you mean "agent"?',
  ],
])("%#: a step has to have what its kind has", (given, fault) => {
  expect(faultsOf(planWith([given]))).toEqual([fault]);
});

test("a step of a misspelt kind is looked at as what was meant, and one of no kind as any", () => {
  const [agent, none] = [
    { id: "a", kind: "agnt", role: "coder", retries: -1 },
    { id: "b", kind: 5, retries: -1 },
  ];
  expect(faultsOf(planWith([agent, none]))).toEqual([
    'steps[0].kind: "agnt" is none of command, agent, wait, plan → did you mean "agent"?',
    "steps[0].retries: is -1, and has to be 0 at least",
    'steps[0].role: "coder" is none of plan, code, review → did you mean "code"?',
    "steps[0].prompt: is missing → it has to be text",
    "steps[1].kind: is 5 where one of command, agent, wait, plan has to be",
    "steps[1].retries: is -1, and has to be 0 at least",
  ]);
});

test.each([
  [
    { id: "-a" },
    /^id: can't be the id of a step → it takes 1 to 64 letters, digits, - and _, and begins with a letter/,
  ],
  [{ id: "a".repeat(65) }, /^id: can't be the id of a step/],
  [{ name: " " }, "name: is empty → say something here"],
  [{ dependson: [] }, 'dependson: there is no such field → did you mean "depends_on"?'],
  [{ depends_on: "b" }, 'depends_on: is text where a list has to be → write ["b"]'],
  [{ depends_on: [null] }, "depends_on[0]: is null where text has to be"],
  [{ when: [] }, "when: is a list where an object has to be"],
  [{ timeout_sec: 604_801 }, "timeout_sec: is 604801, and may be 604800 at most"],
  [{ timeout_sec: 0.05 }, "timeout_sec: is 0.05, and has to be 0.1 at least"],
  [{ timeout_sec: "60" }, "timeout_sec: is text where a number has to be → write 60"],
  [{ timeout_sec: Number.POSITIVE_INFINITY }, "timeout_sec: is larger than numbers can be"],
  [{ retries: 101 }, "retries: is 101, and may be 100 at most"],
  [{ retries: 0.5 }, "retries: is 0.5 where a whole number has to be"],
  [{ retry_delay_sec: -1 }, "retry_delay_sec: is -1, and has to be 0 at least"],
  [{ retry_backoff: 11 }, "retry_backoff: is 11, and may be 10 at most"],
  [{ critical: "no" }, "critical: is text where true or false has to be"],
  [
    { on_failure: "skip-dependents" },
    'on_failure: "skip-dependents" is none of abort, skip_dependents, continue → did you mean "skip_dependents"?',
  ],
  [
    { critical: false, on_failure: "abort" },
    "on_failure: a step that is not critical can't abort the run → " +
      'say "skip_dependents" or "continue", or take "critical": false out',
  ],
])("%#: a field that all steps have", expectFault);

test.each([
  [
    { prompt: "Do" },
    'prompt: belongs to agent steps, and this one is a command step → take it out, or say "kind": "agent"',
  ],
  [{ wait: {} }, 'wait: belongs to wait steps, and this one is a command step → take it out, or say "kind": "wait"'],
  [{ args: "-v" }, 'args: is text where a list has to be → write ["-v"]'],
  [{ args: [1] }, 'args[0]: is 1 where text has to be → write "1"'],
  [{ args: Array(1_001).fill("") }, "args: has more than 1000 entries"],
  [{ env: { "1": "" } }, /^env\["1"\]: can't be the name of an environment variable → /],
  [{ env: { A: null } }, "env.A: is null where text has to be"],
  [{ critical_grace_period_sec: 601 }, "critical_grace_period_sec: is 601, and may be 600 at most"],
  [{ outputs: ["a-b"] }, `outputs[0]: can't be the name of a variable or an output → ${names}`],
  [{ outputs: ["a", "b", "a"] }, "outputs[2]: is the same as [0] → take one of the two out"],
  [{ outputs: Array.from({ length: 201 }, (_, index) => `o${index}`) }, "outputs: has more than 200 entries"],
])("%#: a field of a command", expectFault);

test.each([
  [{ role: "coder" }, 'role: "coder" is none of plan, code, review → did you mean "code"?'],
  [{ prompt: "" }, "prompt: is empty → say something here"],
  [{ settings: [] }, "settings: is a list where an object has to be"],
  [
    { outputs: ["a"] },
    'outputs: belongs to command steps, and this one is an agent step → take it out, or say "kind": "command"',
  ],
  [{ schema: {} }, 'schema: an agent in the role code answers by no schema → take it out, or say "role": "plan"'],
  [
    { role: "review", on_reject: { restart_from: "b", max_rounds: 21 } },
    "on_reject.max_rounds: is 21, and may be 20 at most",
  ],
  [
    { role: "review", on_reject: { restart: "b", restart_from: "b" } },
    "on_reject.restart: there is no such field → there are restart_from and max_rounds",
  ],
  [
    { on_reject: { restart_from: "b" } },
    'on_reject: an agent in the role code rejects nothing → take it out, or say "role": "review"',
  ],
])("%#: a field of an agent", (more, fault) => {
  const agent = { id: "a", kind: "agent", role: "code", prompt: "Do", depends_on: ["b"], ...more };
  expect(faultsOf(planWith([agent, step("b")]))).toEqual([`steps[0].${fault}`]);
});

const oneTime = "wait: waits for a time, which takes one of seconds and until → say one of them, and not both";
const zoned = 'wait.until: is no time with its zone → as in "2026-11-21T08:15:00Z" or "2026-11-21T08:15+01:00"';

test.each([
  [{ message: "?" }, "wait.for: is missing → it has to be one of approval, choice, answer, time"],
  [
    { for: "aproval", message: "?" },
    'wait.for: "aproval" is none of approval, choice, answer, time → did you mean "approval"?',
  ],
  [{ for: "approval" }, "wait.message: is missing → it has to be text"],
  [
    { for: "approval", message: "?", choices: ["a"] },
    'wait.choices: belongs to waits for choice, and this one is for approval → take it out, or say "for": "choice"',
  ],
  [{ for: "choice", message: "?", choices: [] }, "wait.choices: is empty → it needs 1 at least"],
  [
    { for: "choice", message: "?", choices: ["a", "a"] },
    "wait.choices[1]: is the same as [0] → take one of the two out",
  ],
  [{ for: "answer", message: "?", whom: [] }, 'wait.whom: there is no such field → did you mean "who"?'],
  [
    { for: "answer", message: "?", deadline_sec: 7_776_001 },
    "wait.deadline_sec: is 7776001, and may be 7776000 at most",
  ],
  [{ for: "time", seconds: 7_776_001 }, "wait.seconds: is 7776001, and may be 7776000 at most"],
  [{ for: "time" }, oneTime],
  [{ for: "time", seconds: 1, until: "2026-11-21T08:15Z" }, oneTime],
  [{ for: "time", until: "2026-02-30T08:15:00Z" }, zoned],
  [{ for: "time", until: "2026-11-21T08:15:00" }, zoned],
  [{ for: "time", until: "tomorrow" }, zoned],
])("%#: a field of a wait", (wait, fault) => {
  expect(faultsOf(planWith([{ id: "a", kind: "wait", wait }]))).toEqual([`steps[0].${fault}`]);
});

test.each([
  [{ plan: "A" }, /^steps\[0\]\.plan: can't be the id of a plan → it takes 1 to 63 small letters/],
  [{ variables: { "c d": "" } }, `steps[0].variables["c d"]: can't be the name of a variable or an output → ${names}`],
  [{ variables: { C: 1 } }, 'steps[0].variables.C: is 1 where text has to be → write "1"'],
])("%#: a field of a plan in a plan", (more, fault) => {
  const expected = typeof fault === "string" ? fault : expect.stringMatching(fault);
  expect(faultsOf(planWith([{ id: "a", kind: "plan", plan: "b", ...more }]))).toEqual([expected]);
});

function expectFault(more: Readonly<Record<string, unknown>>, fault: string | RegExp): void {
  const [path, ...rest] = faultsOf(planWith([step("a", more)])).map((line) => line.replace("steps[0].", ""));
  expect([path, ...rest]).toEqual([typeof fault === "string" ? fault : expect.stringMatching(fault)]);
}
