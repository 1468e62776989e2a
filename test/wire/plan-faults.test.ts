import { expect, test } from "vitest";
import { faultsOf, planWith, step } from "./plan-examples.ts";

const names = "it takes 1 to 64 letters, digits and _, and does not begin with a digit";
const environmentNames =
  "it takes 1 to 200 letters, digits and _, begins with no digit, and not with FAIRLEAD_: those Fairlead sets itself";
const stages = { initial: "A", moves: { A: [] }, ends: { succeeded: "A", failed: "A", cancelled: "A" } };
const manyVariables = Array.from({ length: 201 }, (_, index) => ({ name: `V${index}` }));
const manySteps = Array.from({ length: 10_001 }, (_, index) => step(`s${index}`));

test.each([
  [[], ": the file is a list where an object has to be"],
  [null, ": the file is null where an object has to be"],
  [{ version: 1, steps: [step("a")] }, "plan_id: is missing → it has to be text"],
  [{ plan_id: "ship", steps: [step("a")] }, "version: is missing → it has to be text or a number"],
  [{ plan_id: "ship", version: 1 }, "steps: is missing → it has to be a list"],
  [planWith([]), "steps: is empty → it needs 1 at least"],
  [planWith({}), "steps: is an object where a list has to be"],
  [planWith(manySteps), "steps: has more than 10000 entries"],
])("%#: a file has to have what every plan has", (document, fault) => {
  expect(faultsOf(document)).toEqual([fault]);
});

test.each([
  [{ stepps: [] }, 'stepps: there is no such field → did you mean "steps"?'],
  [{ author: "ada" }, /^author: there is no such field → there are \$schema, plan_id, version, .* and steps$/],
  [{ plan_id: "Ship it" }, /^plan_id: can't be the id of a plan → it takes 1 to 63 small letters, digits and -, and/],
  [{ plan_id: "s".repeat(64) }, /^plan_id: can't be the id of a plan/],
  [{ version: 1.5 }, 'version: is 1.5 where text or a whole number has to be → write "1.5"'],
  [{ version: true }, 'version: is true where text or a number has to be → write "true"'],
  [{ version: "" }, "version: is empty → say something here"],
  [{ version: "v".repeat(101) }, "version: is longer than 100 characters → shorten it"],
  [{ metadata: 1 }, "metadata: is 1 where an object has to be"],
  [{ metadata: { project: 7 } }, 'metadata.project: is 7 where text has to be → write "7"'],
])("%#: a field of the plan itself", expectFault);

test.each([
  [{ metadata: { a: "b\0" } }, "metadata.a: has a NUL character in it → take it out: it can't be stored"],
  [{ metadata: { "b\0": 1 } }, 'metadata["b\\u0000"]: has a NUL character in it → take it out: it can\'t be stored'],
  [{ metadata: { a: ["\ud800"] } }, "metadata.a[0]: is not well-formed Unicode → a half of a character is missing"],
  [
    { metadata: { a: "é".repeat(100_001) } },
    "metadata.a: is longer than 100000 characters → put it into a file of the repository",
  ],
  [
    { metadata: JSON.parse('{"__proto__": 1}') },
    "metadata.__proto__: is no name that a field can have → choose another name",
  ],
  [{ metadata: { a: nested(98) } }, /^metadata\.a(\[0\]){98}: is nested deeper than 100 levels → put it into a file/],
])("%#: a text that could not be stored", expectFault);

test("a hundred thousand characters may be pairs, and a hundred levels are not too deep", () => {
  const metadata = { long: "😀".repeat(100_000), deep: nested(97) };
  expect(faultsOf(planWith([step("a")], { metadata }))).toEqual([]);
});

test.each([
  [{ variables: { A: "1" } }, "variables: is an object where a list has to be"],
  [{ variables: [{}] }, "variables[0].name: is missing → it has to be text"],
  [{ variables: [{ name: "1A" }] }, `variables[0].name: can't be the name of a variable or an output → ${names}`],
  [
    { variables: [{ name: "A", defualt: "" }] },
    'variables[0].defualt: there is no such field → did you mean "default"?',
  ],
  [{ variables: [{ name: "A", default: 5 }] }, 'variables[0].default: is 5 where text has to be → write "5"'],
  [
    { variables: [{ name: "A", required: "true" }] },
    "variables[0].required: is text where true or false has to be → write true",
  ],
  [
    { variables: [{ name: "A", required: true, default: "" }] },
    'variables[0].required: a variable that has a default need not be given → take "required" or "default" out',
  ],
  [
    { variables: [{ name: "A" }, { name: "A" }] },
    'variables[1].name: "A" is the name of variables[0] already → take one of the two out',
  ],
  [{ variables: manyVariables }, "variables: has more than 200 entries"],
])("%#: a variable", expectFault);

test.each([
  [{ globals: [] }, "globals: is a list where an object has to be"],
  [{ globals: { concurrency: 3 } }, /^globals\.concurrency: there is no such field → there are max_concurrency, /],
  [{ globals: { max_concurrency: 65 } }, "globals.max_concurrency: is 65, and may be 64 at most"],
  [{ globals: { max_concurrency: 0 } }, "globals.max_concurrency: is 0, and has to be 1 at least"],
  [{ globals: { default_timeout_sec: 0 } }, "globals.default_timeout_sec: is 0, and has to be 0.1 at least"],
  [{ globals: { cwd: 1 } }, 'globals.cwd: is 1 where text has to be → write "1"'],
  [
    { globals: { env: { "a b": "" } } },
    `globals.env["a b"]: can't be the name of an environment variable → ${environmentNames}`,
  ],
  [
    { globals: { env: { FAIRLEAD_RUN: "" } } },
    `globals.env.FAIRLEAD_RUN: can't be the name of an environment variable → ${environmentNames}`,
  ],
])("%#: what goes for all steps", expectFault);

test.each([
  [{ ...stages, start: "A" }, "stages.start: there is no such field → there are initial, moves and ends"],
  [{ ...stages, ends: { succeeded: "A", failed: "A" } }, "stages.ends.cancelled: is missing → it has to be text"],
  [
    { ...stages, ends: { ...stages.ends, canceled: "A" } },
    'stages.ends.canceled: there is no such field → did you mean "cancelled"?',
  ],
  [
    { ...stages, moves: { A: [], b: [] } },
    /^stages\.moves\.b: can't be the name of a stage → it takes 1 to 32 capitals/,
  ],
  [{ ...stages, moves: { A: ["B"], C: [] } }, 'stages.moves.A[0]: there is no stage "B" → add "B": [] to stages.moves'],
  [
    { ...stages, initial: "BIULD", moves: { A: [], BUILD: [] } },
    'stages.initial: there is no stage "BIULD" → did you mean "BUILD"?',
  ],
  [
    { ...stages, ends: { ...stages.ends, failed: "B" } },
    'stages.ends.failed: there is no stage "B" → add "B": [] to stages.moves',
  ],
])("%#: a stage", (given, fault) => {
  expectFault({ stages: given }, fault);
});

test.each([
  [{ stages }, 'steps[0].stage: there is no stage "B" → add "B": [] to stages.moves'],
  [{}, 'steps[0].stage: the plan has no stages → declare them in "stages", or take it out'],
])("%#: the stage of a step", (more, fault) => {
  expect(faultsOf(planWith([step("a", { stage: "B" })], more))).toEqual([fault]);
});

function expectFault(more: Readonly<Record<string, unknown>>, fault: string | RegExp): void {
  const expected = typeof fault === "string" ? fault : expect.stringMatching(fault);
  expect(faultsOf(planWith([step("a")], more))).toEqual([expected]);
}

/** A list in a list in a list …, so many of them. */
function nested(levels: number): unknown {
  return levels === 0 ? [] : [nested(levels - 1)];
}
