import { expect, test } from "vitest";
import { expandStep, referencesOfStep } from "../../src/domain/plans/step-texts.ts";
import { step } from "../support/plans.ts";

const x = `\${X}`;

test("a step's texts are expanded where they mean something, and the rest of it stays", () => {
  const given = step("a", ["b"], {
    name: x,
    command: x,
    args: [x, "-v"],
    env: { A: x },
    cwd: null,
    stdin: x,
    stage: x,
    outputs: [x],
  });
  expect(expandStep(given, () => "1")).toEqual({
    ...given,
    name: "1",
    command: "1",
    args: ["1", "-v"],
    env: { A: "1" },
    stdin: "1",
  });
});

test("what a step refers to is what its texts do", () => {
  const given = step("a", [], { args: [x, `\${steps.b.outputs.c}`], stdin: `\${run.id}`, stage: `\${Y}` });
  expect(referencesOfStep(given)).toEqual([
    { kind: "variable", name: "X" },
    { kind: "output", step: "b", name: "c" },
    { kind: "run", name: "id" },
  ]);
});
