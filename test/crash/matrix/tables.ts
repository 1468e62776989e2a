import Table from "cli-table3";
import { nameOf } from "./boundaries.ts";
import { type Plan, uncovered } from "./plan.ts";

const plain = { style: { head: [], border: [] } };

/**
 * How many boundaries each way has, and how many of them it has in common with a way before; for how many of its own a
 * death has stood, how many workers died for that, and how many of their changes came to the right end with everything
 * as it should be.
 */
export function matrixTable(plans: readonly Plan[]): string {
  const table = new Table({
    head: ["way", "boundaries", "shared", "own", "stood for", "deaths", "right ends", "slowest"],
    ...plain,
  });
  const rows = plans.map((plan) => {
    const deaths = plan.runs.filter(({ reached }) => reached);
    return {
      boundaries: plan.points.size + plan.shared,
      shared: plan.shared,
      own: plan.points.size,
      deaths: deaths.length,
      right: deaths.filter(({ problems }) => problems.length === 0).length,
      covered: plan.points.size - uncovered(plan).length,
      slowestMs: Math.max(...plan.runs.map(({ elapsedMs }) => elapsedMs)),
    };
  });
  const sum = (of: "boundaries" | "shared" | "own" | "covered" | "deaths" | "right") =>
    rows.reduce((all, row) => all + row[of], 0);
  rows.forEach((row, at) => {
    table.push([
      plans[at]?.way,
      row.boundaries,
      row.shared,
      row.own,
      row.covered,
      row.deaths,
      row.right,
      seconds(row.slowestMs),
    ]);
  });
  const sums = (["boundaries", "shared", "own", "covered", "deaths", "right"] as const).map(sum);
  table.push(["all", ...sums, ""]);
  return table.toString();
}

/** The boundaries that no worker died at, by name. */
export function unreachedLines(plans: readonly Plan[]): string[] {
  return plans.flatMap((plan) => uncovered(plan).map((point) => `not reached: ${plan.way}, ${nameOf(point)}`));
}

/** For how many of the boundaries a death has stood, from 0 to 1. */
export function shareStoodFor(plans: readonly Plan[]): number {
  const own = plans.reduce((sum, { points }) => sum + points.size, 0);
  return own === 0 ? 0 : 1 - unreachedLines(plans).length / own;
}

/** The runs that went wrong. */
export function failureLines(plans: readonly Plan[]): string[] {
  return plans
    .flatMap(({ runs }) => runs)
    .filter(({ problems }) => problems.length > 0)
    .map(({ way, death, problems }) =>
      [`WRONG: ${way}, ${death === null ? "nobody died" : nameOf(death)}`, ...problems].join("\n    "),
    );
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
