import { expect, test } from "vitest";
import { stepTree } from "../../src/domain/plans/step-tree.ts";

/** `{a: "", b: "a"}` as a drawing; the steps are in the order of the plan. */
function drawing(plan: Readonly<Record<string, string>>): string[] {
  const keys = Object.keys(plan);
  const steps = Object.entries(plan).map(([key, needs], index) => ({
    key,
    position: index + 1,
    needs: needs === "" ? [] : needs.split(" ").map((need) => keys.indexOf(need) + 1),
  }));
  return stepTree(steps).map(({ step, strokes }) => `${strokes}${step.key}`);
}

test("a chain goes straight down", () => {
  expect(drawing({ a: "", b: "a", c: "b" })).toEqual(["a", "b", "c"]);
});

test("what brings branches together stands beside them and after them, and what follows it below it", () => {
  expect(drawing({ a: "", b: "a", c: "a", x: "c", d: "b x", e: "d" })).toEqual([
    "a",
    "├─ b",
    "├─ c",
    "│  x",
    "└─ d",
    "   e",
  ]);
});

test("several steps may begin, and one may depend on a step that is later in the plan", () => {
  expect(drawing({ last: "first other", first: "", other: "" })).toEqual(["├─ first", "├─ other", "└─ last"]);
});

test("each step is drawn once, after all that it depends on", () => {
  const plan: Record<string, string> = {};
  for (let place = 0; place < 60; place += 1) {
    const needs = [place - 1, place - 2, Math.floor(place / 2)].filter((need) => need >= 0 && need < place && need % 7);
    plan[`s${place}`] = [...new Set(needs)].map((need) => `s${need}`).join(" ");
  }
  const drawn = drawing(plan).map((line) => line.replace(/^[^s]*/, ""));
  expect(drawn.toSorted()).toEqual(Object.keys(plan).toSorted());
  for (const [step, needs] of Object.entries(plan)) {
    for (const need of needs.split(" ").filter(Boolean)) expect(drawn.indexOf(need)).toBeLessThan(drawn.indexOf(step));
  }
});
