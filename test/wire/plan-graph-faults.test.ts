import { expect, test } from "vitest";
import { faultsOf, planWith, step } from "./plan-examples.ts";

/** A command that depends on these. */
const after = (id: string, ...depends_on: readonly string[]) => step(id, { depends_on });
const review = { id: "r", kind: "agent", role: "review", prompt: "Review" };

test.each([
  [
    [step("a"), step("b"), step("a"), step("a")],
    [
      'steps[2].id: "a" is the id of steps[0] already → give one of the two another id',
      'steps[3].id: "a" is the id of steps[0] already → give one of the two another id',
    ],
  ],
  [[step("build"), after("b", "biuld")], ['steps[1].depends_on[0]: there is no step "biuld" → did you mean "build"?']],
  [
    [step("a"), after("b", "deploy")],
    ['steps[1].depends_on[0]: there is no step "deploy" → add it to the steps, or take it out here'],
  ],
  [[after("a", "a")], ["steps[0].depends_on[0]: a step can't depend on itself → take it out"]],
  [
    [step("a"), after("b", "a", "a")],
    ['steps[1].depends_on[1]: "a" stands at depends_on[0] already → take one of the two out'],
  ],
])("%#: ids and dependencies", (steps, faults) => {
  expect(faultsOf(planWith(steps))).toEqual(faults);
});

test.each([
  [{ b: "failed" }, 'when.b: "b" is not in depends_on → add "b" to depends_on'],
  [{ biuld: "failed" }, 'when.biuld: "biuld" is not in depends_on → did you mean "build"?'],
  [{ zzz: "failed" }, 'when.zzz: "zzz" is not in depends_on → take it out'],
  [{ build: "faild" }, 'when.build: "faild" is none of succeeded, failed, skipped, finished → did you mean "failed"?'],
  [{ build: ["failed", "done"] }, 'when.build[1]: "done" is none of succeeded, failed, skipped, finished'],
  [{ build: [] }, "when.build: is empty → it needs 1 at least"],
  [{ build: 4 }, "when.build: is 4 where a list or one of succeeded, failed, skipped, finished has to be"],
])("%#: a condition", (when, fault) => {
  const steps = [step("build"), step("b"), step("c", { depends_on: ["build"], when })];
  expect(faultsOf(planWith(steps))).toEqual([`steps[2].${fault}`]);
});

test("steps that wait for each other are shown once, by the shortest way round", () => {
  const steps = [
    after("z", "c"),
    after("a", "b"),
    after("b", "c", "a"),
    after("c", "a"),
    after("after", "z"),
    after("x", "y"),
    after("y", "x"),
  ];
  const hint = "take one of these dependencies out";
  expect(faultsOf(planWith(steps))).toEqual([
    `steps[1].depends_on[0]: these steps wait for each other: a → b → a → ${hint}`,
    `steps[5].depends_on[0]: these steps wait for each other: x → y → x → ${hint}`,
  ]);
});

test("of a circle of thousands the beginning and the end are shown", () => {
  const steps = Array.from({ length: 5_000 }, (_, index) => after(`s${index}`, `s${(index + 1) % 5_000}`));
  expect(faultsOf(planWith(steps))).toEqual([
    "steps[0].depends_on[0]: these steps wait for each other: s0 → s1 → s2 → s3 → s4 → s5 → s6 → s7 → " +
      "… (4991 more) → s4999 → s0 → take one of these dependencies out",
  ]);
});

test("more than 200,000 dependencies are too many", () => {
  const ids = Array.from({ length: 450 }, (_, index) => `s${index}`);
  const sources = ids.map((id) => step(id));
  const steps = [...sources, ...ids.map((id) => after(`t-${id}`, ...ids))];
  expect(faultsOf(planWith(steps))).toEqual([
    "steps: there are 202500 dependencies, and may be 200000 in all → " +
      "put a step between many and many: then each needs only that one",
  ]);
});

test.each([
  [
    [step("f"), after("g", "f"), step("h", { depends_on: ["f", "g"], when: { f: "failed" } })],
    2,
    ['it wants "f" failed', '"g", which has to run before it, wants "f" succeeded'],
  ],
  [
    [
      step("f"),
      step("g", { depends_on: ["f"], when: { f: "skipped" } }),
      step("h", { depends_on: ["f"], when: { f: ["failed", "succeeded"] } }),
      after("i", "g", "h"),
      after("j", "i"),
    ],
    3,
    [
      '"g", which has to run before it, wants "f" skipped',
      '"h", which has to run before it, wants "f" succeeded or failed',
    ],
  ],
  [
    [
      step("f"),
      step("a", { depends_on: ["f"], when: { f: ["succeeded", "failed"] } }),
      step("b", { depends_on: ["f"], when: { f: ["failed", "skipped"] } }),
      step("c", { depends_on: ["a", "b", "f"], when: { f: ["skipped", "succeeded"] } }),
    ],
    3,
    [
      'it wants "f" succeeded or skipped',
      '"a", which has to run before it, wants "f" succeeded or failed',
      '"b", which has to run before it, wants "f" failed or skipped',
    ],
  ],
])("%#: a step that can never run is shown with what contradicts each other", (steps, index, demands) => {
  const hint = 'change what "when" says of it; "finished" takes any outcome';
  expect(faultsOf(planWith(steps))).toEqual([
    `steps[${index}]: this step can never run: ${demands.join(", and ")} → ${hint}`,
  ]);
});

test.each([
  [
    [
      step("f", { on_failure: "continue" }),
      after("g", "f"),
      step("h", { depends_on: ["f", "g"], when: { f: "failed" } }),
    ],
  ],
  [[step("f", { critical: false }), after("g", "f"), step("h", { depends_on: ["f", "g"], when: { f: "failed" } })]],
  [[step("f"), after("g", "f"), step("h", { depends_on: ["f", "g"], when: { f: "failed", g: "skipped" } })]],
  [[step("f"), after("g", "f"), step("h", { depends_on: ["f", "g"], when: { f: "failed", g: "finished" } })]],
])("%#: a step that may run once in a while is not", (steps) => {
  expect(faultsOf(planWith(steps))).toEqual([]);
});

const brace = `"$\${" for a dollar and a brace`;
const meant = `say \${NAME}, \${steps.<id>.outputs.<name>}, \${run.id} or \${run.folder}; or ${brace}`;

test.each([
  [`\${REGOIN}`, 'there is no variable "REGOIN" → did you mean "REGION"?'],
  [`\${HOME}`, `there is no variable "HOME" → declare it in "variables", or write "$\${HOME}" for a shell to read`],
  [`\${HOME`, `a "\${" has no "}" → close it, or write ${brace}`],
  [`\${ REGION }`, `"\${ REGION }" means nothing → ${meant}`],
  [`\${steps.biuld.outputs.tag}`, 'there is no step "biuld" → did you mean "build"?'],
  [`\${steps.zzz.outputs.tag}`, 'there is no step "zzz" → name a step that this one depends on'],
  [`\${steps.c.outputs.tag}`, "a step can't use outputs of its own → take it out"],
  [`\${steps.build.outputs.tga}`, 'step "build" has no output "tga" → did you mean "tag"?'],
  [`\${steps.build.outputs.image}`, 'step "build" has no output "image" → add "image" to its outputs'],
  [`\${steps.r.outputs.result}`, 'step "r" has no output "result" → it has verdict and findings'],
  [`\${steps.t.outputs.at}`, 'step "t" has no output "at" → it has none'],
  [`\${steps.aside.outputs.tag}`, 'step "aside" need not have run before this one → add "aside" to depends_on'],
  [`\${steps.late.outputs.tag}`, 'step "late" comes after this one → use what is there before it'],
])("%s is refused", (text, fault) => {
  const steps = [
    step("build", { outputs: ["tag"] }),
    { ...review, depends_on: ["build"] },
    { id: "t", kind: "wait", wait: { for: "time", seconds: 1 }, depends_on: ["r"] },
    step("c", { depends_on: ["t"], outputs: ["tag"], args: ["-x", text] }),
    step("late", { outputs: ["tag"], depends_on: ["c"] }),
    step("aside", { outputs: ["tag"] }),
  ];
  const variables = [{ name: "REGION" }];
  expect(faultsOf(planWith(steps, { variables }))).toEqual([`steps[3].args[1]: ${fault}`]);
});

test("references are looked for wherever they mean something, and nowhere else", () => {
  const x = `\${X}`;
  const literal = { settings: { a: x }, schema: { a: x } };
  const wait = { for: "choice", message: x, who: [x], choices: [x] };
  const steps = [
    { id: "a", name: x, command: x, args: [x], env: { A: x }, cwd: x, stdin: x },
    { id: "b", kind: "agent", role: "plan", prompt: x, agent: x, ...literal },
    { id: "c", kind: "wait", wait },
    { id: "d", kind: "wait", wait: { for: "time", until: x } },
    { id: "e", kind: "plan", plan: "e", variables: { A: x } },
  ];
  const globals = { env: { A: x, B: `\${steps.a.outputs.b}` }, cwd: x };
  const paths = pathsOf(planWith(steps, { globals, metadata: { x }, variables: [{ name: "Y", default: x }] }));
  const ofGlobals = ["globals.env.A", "globals.cwd", "globals.env.B"];
  const ofCommand = ["name", "command", "args[0]", "env.A", "cwd", "stdin"].map((path) => `steps[0].${path}`);
  const ofWait = ["message", "who[0]", "choices[0]"].map((path) => `steps[2].wait.${path}`);
  const others = ["steps[3].wait.until", "steps[4].variables.A"];
  expect(paths).toEqual([...ofGlobals, ...ofCommand, "steps[1].prompt", "steps[1].agent", ...ofWait, ...others]);
});

test.each([
  ["zzz", 'there is no step "zzz" → name a step that this one depends on'],
  ["biuld", 'there is no step "biuld" → did you mean "build"?'],
  [
    "late",
    `this step does not depend on "late", so it can't begin again there → ` +
      "name a step that it depends on, directly or by others",
  ],
])("a review can't send back to %s", (restart_from, fault) => {
  const steps = [
    step("build"),
    after("b", "build"),
    { ...review, depends_on: ["b"], on_reject: { restart_from } },
    after("late", "r"),
  ];
  expect(faultsOf(planWith(steps))).toEqual([`steps[2].on_reject.restart_from: ${fault}`]);
});

test("all that is wrong is said at once, step by step, and a fault hides no other", () => {
  const steps = [
    { ...step("a"), retries: "3", outputs: ["out"] },
    { id: "b", kind: "agnt", prompt: `\${steps.a.outputs.otu}`, depends_on: ["c", "nobody"] },
    { ...after("c", "b"), stdin: 7 },
    5,
    step("d", { depends_on: ["a"], args: [`\${steps.b.outputs.plan}`], tiemout_sec: 5 }),
  ];
  expect(pathsOf(planWith(steps, { variables: [{ name: "ONE" }, { name: "" }], verison: 2 }))).toEqual([
    "variables[1].name",
    "verison",
    "steps[0].retries",
    "steps[1].kind",
    "steps[1].role",
    "steps[1].depends_on[1]",
    "steps[1].depends_on[0]",
    "steps[1].prompt",
    "steps[2].stdin",
    "steps[3]",
    "steps[4].tiemout_sec",
    "steps[4].args[0]",
  ]);
});

test("nothing is said of what can't be known because of another fault", () => {
  const steps = [
    { id: "a", command: "true", outputs: "tag" },
    { id: "b", kind: "agent", role: "coder", prompt: "Do", depends_on: ["a"] },
    step("c", { depends_on: "b", args: [`\${steps.a.outputs.tag} \${steps.b.outputs.x} \${WHO}`] }),
    step("d", { depends_on: ["c"], stdin: `\${steps.a.outputs.tag}`, when: { a: "failed" } }),
  ];
  expect(pathsOf(planWith(steps, { variables: { WHO: "" }, stages: 5 }))).toEqual([
    "variables",
    "stages",
    "steps[0].outputs",
    "steps[1].role",
    "steps[2].depends_on",
    "steps[3].when.a",
  ]);
});

function pathsOf(document: unknown): (string | undefined)[] {
  return faultsOf(document).map((fault) => fault.split(": ")[0]);
}
