import { oneLine } from "../texts/text.ts";
import type { Plan, PlanStep, StepKind } from "./plan.ts";
import { stepGraph } from "./step-graph.ts";

/** The forms in which the graph of a plan is drawn. */
export const drawings = ["tree", "mermaid", "dot"] as const;
export type Drawing = (typeof drawings)[number];

/** Text that ends with a line break. */
export function drawPlan(plan: Plan, drawing: Drawing): string {
  const lines = { tree: treeLines, mermaid: mermaidLines, dot: dotLines }[drawing](plan);
  return `${lines.join("\n")}\n`;
}

/**
 * For a terminal. On a level are the steps whose dependencies are all above it; behind its arrow stands what a step
 * depends on, and which outcomes it takes where success is not the only one.
 */
function treeLines({ plan_id, version, steps }: Plan): string[] {
  const levels = levelsOf(steps);
  const levelWidth = String(levels.length).length;
  const idWidth = longest(steps.map(({ id }) => id));
  const kindWidth = longest(steps.map(kindOf));
  const indent = levelWidth + idWidth + kindWidth + 6;
  const lines = levels.flatMap((level, index) =>
    level.flatMap((step, place) => {
      const number = place === 0 ? String(index + 1) : "";
      const columns = [number.padStart(levelWidth), step.id.padEnd(idWidth), kindOf(step).padEnd(kindWidth)];
      const [first = "", ...more] = arrowLines(step, Math.max(100 - indent, 30));
      return [`${columns.join("  ")}  ${first}`.trimEnd(), ...more.map((line) => " ".repeat(indent) + line)];
    }),
  );
  const size = `${counted(steps.length, "step")} on ${counted(levels.length, "level")}`;
  return [`${plan_id} ${oneLine(version)}: ${size}`, "", ...lines];
}

function levelsOf(steps: readonly PlanStep[]): PlanStep[][] {
  const { groups, dependencies } = stepGraph(steps);
  const levelOf: number[] = [];
  for (const place of groups.flat()) {
    const above = dependencies[place]?.map((dependency) => levelOf[dependency] ?? 0) ?? [];
    levelOf[place] = Math.max(-1, ...above) + 1;
  }
  const byLevel = Map.groupBy(steps.entries(), ([place]) => levelOf[place] ?? 0);
  return Array.from({ length: byLevel.size }, (_, level) => (byLevel.get(level) ?? []).map(([, step]) => step));
}

/** What a step depends on, in lines of about that width; and where it sends the run back to. */
function arrowLines(step: PlanStep, width: number): string[] {
  const lines: string[] = [];
  for (const dependency of step.depends_on) {
    const condition = conditionOf(step, dependency);
    const word = condition === null ? dependency : `${dependency} (${condition})`;
    const line = lines.at(-1);
    if (line === undefined) lines.push(`← ${word}`);
    else if (line.length + word.length + 2 > width) lines.splice(-1, 1, `${line},`, `  ${word}`);
    else lines.splice(-1, 1, `${line}, ${word}`);
  }
  const back = sentBackTo(step);
  return back === null ? lines : [...lines, `↺ ${back.to} (rejected, ${back.rounds} rounds at most)`];
}

function mermaidLines({ steps }: Plan): string[] {
  // Not their ids: "end" and others mean something to Mermaid.
  const nodeOf = new Map(steps.map(({ id }, index) => [id, `s${index}`]));
  const node = (id: string) => nodeOf.get(id) ?? id;
  return [
    "flowchart TD",
    ...steps.map((step) => {
      const [open, close] = mermaidShapes[step.kind];
      return `  ${node(step.id)}${open}"${mermaidText(titleOf(step))}<br/>${mermaidText(kindOf(step))}"${close}`;
    }),
    ...steps.flatMap((step) =>
      step.depends_on.map((dependency) => {
        const condition = conditionOf(step, dependency);
        return `  ${node(dependency)} -->${condition === null ? "" : `|${condition}|`} ${node(step.id)}`;
      }),
    ),
    ...steps.flatMap((step) => {
      const back = sentBackTo(step);
      return back === null ? [] : [`  ${node(step.id)} -.->|rejected| ${node(back.to)}`];
    }),
  ];
}

const mermaidShapes = {
  command: ["[", "]"],
  agent: ["([", "])"],
  wait: ["{{", "}}"],
  plan: ["[[", "]]"],
} as const satisfies Record<StepKind, readonly [string, string]>;

/** All that could mean something to Mermaid, or to HTML, as a number. */
function mermaidText(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,_-]/gu, (character) => `#${character.codePointAt(0)};`);
}

function dotLines({ plan_id, steps }: Plan): string[] {
  return [
    `digraph ${dotText(plan_id)} {`,
    "  node [shape=box, style=rounded];",
    ...steps.map((step) => `  ${dotText(step.id)} [label=${dotText(titleOf(step), kindOf(step))}];`),
    ...steps.flatMap((step) =>
      step.depends_on.map((dependency) => {
        const condition = conditionOf(step, dependency);
        const label = condition === null ? "" : ` [label=${dotText(condition)}, style=dashed]`;
        return `  ${dotText(dependency)} -> ${dotText(step.id)}${label};`;
      }),
    ),
    ...steps.flatMap((step) => {
      const back = sentBackTo(step);
      const look = 'label="rejected", style=dotted, constraint=false';
      return back === null ? [] : [`  ${dotText(step.id)} -> ${dotText(back.to)} [${look}];`];
    }),
    "}",
  ];
}

/** Quoted, the lines under each other. Graphviz reads backslashes, and entities as HTML has them. */
function dotText(...lines: readonly string[]): string {
  const safe = lines.map((line) => line.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("&", "&amp;"));
  return `"${safe.join("\\n")}"`;
}

/** The outcomes of a dependency that a step takes; `null`: it has to have succeeded. */
function conditionOf({ when }: PlanStep, dependency: string): string | null {
  const accepted = Object.hasOwn(when, dependency) ? (when[dependency] ?? []) : [];
  if (accepted.includes("finished")) return "finished";
  return accepted.every((outcome) => outcome === "succeeded") ? null : accepted.join(" or ");
}

function sentBackTo(step: PlanStep): { readonly to: string; readonly rounds: number } | null {
  if (step.kind !== "agent" || step.on_reject === null) return null;
  return { to: step.on_reject.restart_from, rounds: step.on_reject.max_rounds };
}

function titleOf({ name }: PlanStep): string {
  return oneLine(name, 60);
}

function kindOf(step: PlanStep): string {
  switch (step.kind) {
    case "command":
      return "command";
    case "agent":
      return `agent ${step.role}`;
    case "wait":
      return `wait ${step.wait.for}`;
    case "plan":
      return `plan ${step.plan}`;
  }
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function longest(texts: readonly string[]): number {
  return Math.max(...texts.map(({ length }) => length));
}
