/** A line of a tree: which step stands there, behind which strokes. */
export interface TreeLine<Step> {
  readonly step: Step;
  readonly strokes: string;
}

interface Placed {
  readonly position: number;
  /** The positions of what it depends on. */
  readonly needs: readonly number[];
}

/** Above all steps. */
const root = 0;

/**
 * The steps of a plan as a tree. Each hangs below the last one that all ways to it lead through, so a step that brings
 * branches together stands beside these and after them; an only follower stands below without an indent.
 */
export function stepTree<Step extends Placed>(steps: readonly Step[]): TreeLine<Step>[] {
  const lines: TreeLine<Step>[] = [];
  const below = followers(inOrder(steps));
  const draw = (above: number, indent: string) => {
    const those = below.get(above) ?? [];
    for (const [place, step] of those.entries()) {
      const only = those.length === 1;
      const last = place === those.length - 1;
      lines.push({ step, strokes: only ? indent : `${indent}${last ? "└─ " : "├─ "}` });
      draw(step.position, only ? indent : `${indent}${last ? "   " : "│  "}`);
    }
  };
  draw(root, "");
  return lines;
}

/** Each step after what it depends on, else as they are in the plan. */
function inOrder<Step extends Placed>(steps: readonly Step[]): Step[] {
  const byPosition = new Map(steps.map((step) => [step.position, step]));
  const ordered = new Set<Step>();
  const visit = (step: Step | undefined) => {
    if (step === undefined || ordered.has(step)) return;
    for (const need of step.needs) visit(byPosition.get(need));
    ordered.add(step);
  };
  for (const step of steps) visit(step);
  return [...ordered];
}

/** By position, the steps that hang below: the immediate dominators of a graph without circles. */
function followers<Step extends Placed>(ordered: readonly Step[]): Map<number, Step[]> {
  const aboveOf = new Map<number, number>();
  const depthOf = new Map<number, number>([[root, 0]]);
  const depth = (position: number) => depthOf.get(position) ?? 0;
  const above = (position: number) => aboveOf.get(position) ?? root;
  const meeting = (one: number, other: number): number => {
    let [left, right] = [one, other];
    while (left !== right) {
      if (depth(left) >= depth(right)) left = above(left);
      else right = above(right);
    }
    return left;
  };
  const below = new Map<number, Step[]>();
  for (const step of ordered) {
    const [first = root, ...others] = step.needs;
    const over = others.reduce(meeting, first);
    aboveOf.set(step.position, over);
    depthOf.set(step.position, depth(over) + 1);
    below.set(over, [...(below.get(over) ?? []), step]);
  }
  return below;
}
