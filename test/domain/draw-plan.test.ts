import { expect, test } from "vitest";
import { type Drawing, drawings, drawPlan } from "../../src/domain/plans/draw-plan.ts";
import type { AgentStep, PlanStep, SubplanStep, WaitStep } from "../../src/domain/plans/plan.ts";
import { planOf, step } from "../support/plans.ts";

const { args: _args, env: _env, cwd: _cwd, stdin: _stdin, command: _command, ...common } = step("any");

const review: AgentStep = {
  ...common,
  id: "review",
  name: 'Review "it" & <it>',
  kind: "agent",
  role: "review",
  prompt: "Review",
  agent: null,
  settings: null,
  schema: null,
  on_reject: { restart_from: "build", max_rounds: 3 },
  depends_on: ["build", "lint"],
  when: { lint: ["finished"] },
};
const ask: WaitStep = {
  ...common,
  id: "ask",
  name: "ask",
  kind: "wait",
  wait: { for: "approval", message: "Go?", who: [], deadline_sec: null },
  depends_on: ["review"],
};
const end: SubplanStep = {
  ...common,
  id: "end",
  name: "end",
  kind: "plan",
  plan: "release",
  variables: {},
  depends_on: ["ask"],
};
const steps: readonly PlanStep[] = [
  step("build", [], { name: "Build" }),
  step("lint"),
  review,
  ask,
  end,
  step("undo", ["end"], { when: { end: ["failed", "skipped"] } }),
];

test("a tree has the steps level by level, each with what it depends on and how", () => {
  expect(drawn(steps, "tree")).toEqual([
    "test 1: 6 steps on 5 levels",
    "",
    "1  build   command",
    "   lint    command",
    "2  review  agent review   ← build, lint (finished)",
    "                          ↺ build (rejected, 3 rounds at most)",
    "3  ask     wait approval  ← review",
    "4  end     plan release   ← ask",
    "5  undo    command        ← end (failed or skipped)",
  ]);
});

test("in a tree a step stands below all that it depends on, wherever it is in the file", () => {
  const mixed = [step("c", ["b", "a"]), step("b", ["a"]), step("a")];
  expect(drawn(mixed, "tree").slice(2)).toEqual(["1  a  command", "2  b  command  ← a", "3  c  command  ← b, a"]);
});

test("many dependencies go over several lines, none of them wide", () => {
  const many = Array.from({ length: 40 }, (_, index) => step(`unit-tests-${index}`));
  const lines = drawn(
    [
      ...many,
      step(
        "all",
        many.map(({ id }) => id),
      ),
    ],
    "tree",
  );
  expect(lines.length).toBeGreaterThan(43);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(101);
  expect(
    lines
      .slice(42)
      .join(" ")
      .match(/unit-tests-\d+/g),
  ).toHaveLength(40);
});

test("Mermaid gets names of ours, and nothing of a text that it could take for its own", () => {
  expect(drawn(steps, "mermaid")).toEqual([
    "flowchart TD",
    '  s0["Build<br/>command"]',
    '  s1["lint<br/>command"]',
    '  s2(["Review #34;it#34; #38; #60;it#62;<br/>agent review"])',
    '  s3{{"ask<br/>wait approval"}}',
    '  s4[["end<br/>plan release"]]',
    '  s5["undo<br/>command"]',
    "  s0 --> s2",
    "  s1 -->|finished| s2",
    "  s2 --> s3",
    "  s3 --> s4",
    "  s4 -->|failed or skipped| s5",
    "  s2 -.->|rejected| s0",
  ]);
  const nasty = drawn([step("a", [], { name: '#quot; %%{init: {}}%% `b` \\ "]\n  s9[c' })], "mermaid");
  expect(nasty).toHaveLength(2);
  expect(nasty[1]?.replaceAll(/#\d+;/g, "")).toBe('  s0["quot init  b   s9c<br/>command"]');
});

test("dot gets everything quoted", () => {
  expect(drawn(steps, "dot")).toEqual([
    'digraph "test" {',
    "  node [shape=box, style=rounded];",
    '  "build" [label="Build\\ncommand"];',
    '  "lint" [label="lint\\ncommand"];',
    '  "review" [label="Review \\"it\\" &amp; <it>\\nagent review"];',
    '  "ask" [label="ask\\nwait approval"];',
    '  "end" [label="end\\nplan release"];',
    '  "undo" [label="undo\\ncommand"];',
    '  "build" -> "review";',
    '  "lint" -> "review" [label="finished", style=dashed];',
    '  "review" -> "ask";',
    '  "ask" -> "end";',
    '  "end" -> "undo" [label="failed or skipped", style=dashed];',
    '  "review" -> "build" [label="rejected", style=dotted, constraint=false];',
    "}",
  ]);
  expect(drawn([step("a", [], { name: 'a\\"];\n\\G' })], "dot")[2]).toBe('  "a" [label="a\\\\\\"]; \\\\G\\ncommand"];');
});

test.each(drawings)("10,000 steps in one line are no trouble as %s", (drawing) => {
  const long = Array.from({ length: 10_000 }, (_, index) => step(`s${index}`, index === 0 ? [] : [`s${index - 1}`]));
  expect(drawn(long, drawing).length).toBeGreaterThan(10_000);
});

/** The lines of a drawing, which ends with a line break. */
function drawn(steps: readonly PlanStep[], drawing: Drawing): string[] {
  const text = drawPlan(planOf(steps), drawing);
  expect(text).toMatch(/[^\n]\n$/);
  return text.slice(0, -1).split("\n");
}
