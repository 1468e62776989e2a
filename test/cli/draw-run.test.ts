import pico from "picocolors";
import { expect, test } from "vitest";
import { drawRun } from "../../src/cli/runs/draw-run.ts";
import type { StepState } from "../../src/cli/runs/run-model.ts";
import type { StepStatus } from "../../src/domain/lifecycles.ts";
import type { Run } from "../../src/domain/plans/run.ts";

const now = Date.UTC(2026, 10, 21, 12);
const ago = (seconds: number) => new Date(now - seconds * 1000);

function step(position: number, status: StepStatus, more: Partial<StepState> = {}): StepState {
  const began = status !== "pending" && status !== "skipped";
  return {
    id: `id-${position}`,
    position,
    key: `step-${position}`,
    needs: [],
    status,
    version: 1,
    attempt: 1,
    waitsFor: null,
    waitsUntil: null,
    message: null,
    startedAt: began ? ago(position + 2) : null,
    finishedAt: status === "succeeded" ? ago(position) : null,
    ...more,
  };
}

function draw(
  steps: readonly StepState[],
  { columns = 80, rows = 24, ...more }: Partial<Run> & { columns?: number; rows?: number } = {},
) {
  const unfinished = steps.filter(({ status }) => ["pending", "running", "waiting"].includes(status)).length;
  const run = {
    id: "01K5TZ8M3RB6Q4W2E9XJDVH7NC",
    planId: "release",
    stage: null,
    ending: null,
    total: steps.length,
    unfinished,
    createdAt: ago(100),
    startedAt: ago(90),
    finishedAt: null,
    ...more,
  } as Run; // all that a drawing looks at
  return drawRun({ colours: pico.createColors(false), columns, rows, now }, run, steps).split("\n");
}

test("a run that fits is a tree over a bar", () => {
  const waitsFor = { for: "approval", message: "Ship it?", who: ["ann"] } as const;
  const lines = draw(
    [
      step(1, "succeeded"),
      step(2, "running", { needs: [1], attempt: 2 }),
      step(3, "waiting", { needs: [1], waitsFor }),
      step(4, "failed", { needs: [1], message: "exit status 3:\nbroken" }),
      step(5, "pending", { needs: [2, 3] }),
    ],
    { stage: "SHIPPING", ending: "failed" },
  );
  expect(lines).toEqual([
    "release xjdvh7nc  SHIPPING  is ending as failed",
    "✓ step-1  2.0 s",
    expect.stringMatching(/^├─ . step-2 {2}4\.0 s, attempt 2$/),
    "├─ ? step-3  waits for ann to approve: Ship it?",
    "├─ ✗ step-4  exit status 3: broken",
    "└─ · step-5",
    "",
    "━━━━━━━━━━━━──────────────────  40 %  2 of 5 steps, 1 min 30 s, 1 failed, 1 wa…",
  ]);
});

test("all is done at a hundred percent, and not before", () => {
  const steps = Array.from({ length: 300 }, (_, index) => step(index + 1, "succeeded"));
  expect(draw(steps).at(-1)).toContain("100 %  300 of 300 steps");
  expect(draw([...steps, step(301, "running")]).at(-1)).toContain(" 99 %  300 of 301 steps");
});

test("of a larger run there is what failed, waits and runs, and the last that has ended", () => {
  const steps = [
    ...Array.from({ length: 50 }, (_, index) => step(index + 1, "succeeded")),
    ...Array.from({ length: 20 }, (_, index) => step(index + 51, "running")),
    step(71, "failed", { message: "no" }),
    ...Array.from({ length: 20 }, (_, index) => step(index + 72, "pending")),
  ];
  const lines = draw(steps);
  expect(lines.slice(1, 7).map((line) => line.split("  ")[0])).toEqual([
    "✓ step-5",
    "✓ step-4",
    "✓ step-3",
    "✓ step-2",
    "✓ step-1",
    "✗ step-71",
  ]);
  expect(lines.at(-3)).toMatch(/^… \d+ more running$/);
  expect(lines.some((line) => line.includes("step-80"))).toBe(false);
});

test("never has more lines than the terminal, nor longer ones, whatever is in them", () => {
  const wide = { for: "answer", message: `說明${"長".repeat(100)}`, who: [] } as const;
  const all: StepStatus[] = ["pending", "running", "waiting", "succeeded", "failed", "skipped", "cancelled"];
  for (const count of [1, 7, 30, 200]) {
    const steps = Array.from({ length: count }, (_, index) => {
      const status = all[index % all.length] ?? "pending";
      const needs = index % 3 === 0 ? [] : [index];
      const waitsFor = status === "waiting" ? wide : null;
      return step(index + 1, status, { needs, waitsFor, key: `k${"x".repeat(index % 60)}`, message: "é".repeat(300) });
    });
    for (const [rows, columns] of [
      [1, 20],
      [4, 10],
      [5, 80],
      [12, 40],
      [24, 80],
      [50, 200],
    ] as const) {
      const lines = draw(steps, { rows, columns, stage: "S".repeat(32) });
      expect(lines.length, `${count} steps, ${rows} rows`).toBeLessThanOrEqual(Math.max(1, rows - 1));
      for (const line of lines) expect(widthOf(line), line).toBeLessThan(columns);
    }
  }
});

function widthOf(line: string): number {
  return [...line].reduce((width, character) => width + (/[\u4e00-\u9fff]/.test(character) ? 2 : 1), 0);
}
