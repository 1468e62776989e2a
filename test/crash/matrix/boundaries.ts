/** A place in a worker's life where it can be killed: before or after its n-th statement or effect of that name. */
export interface Point {
  readonly phase: Phase;
  readonly label: string;
  readonly occurrence: number;
}

export type Phase = "before" | "after";

/** Called at each boundary. `flush` sends what belongs to earlier boundaries and has not left the process yet. */
export type Reach = (phase: Phase, label: string, flush?: () => void) => void;

/** Only what polls goes past a boundary more often. */
export const occurrencesAtMost = 10;

const kill = process.kill.bind(process);

/** Tells `record` of each boundary, and dies at `death` by a signal that leaves no time for anything. */
export function boundaries(death: Point | null, record: (point: Point) => void): Reach {
  const counts = new Map<string, number>();
  return (phase, label, flush) => {
    const key = `${phase} ${label}`;
    const occurrence = (counts.get(key) ?? 0) + 1;
    counts.set(key, occurrence);
    if (occurrence <= occurrencesAtMost + 1) record({ phase, label, occurrence });
    if (death === null || nameOf(death) !== nameOf({ phase, label, occurrence })) return;
    flush?.();
    kill(process.pid, "SIGKILL");
  };
}

export const nameOf = ({ phase, label, occurrence }: Point): string => `${phase} ${label} #${occurrence}`;

/**
 * Splits what a worker passed into moments. From one boundary to the next nothing leaves the process, unless the first
 * was the beginning of a statement or of something done to the machine; so a death at any boundary of a moment leaves
 * the same world behind, and one at its last stands for them all.
 */
export function momentsOf(passed: readonly Point[]): Point[][] {
  const moments: Point[][] = [];
  let moment: Point[] = [];
  for (const point of passed) {
    moment.push(point);
    if (!startsSomething(point)) continue;
    moments.push(moment);
    moment = [];
  }
  return moment.length === 0 ? moments : [...moments, moment];
}

/** A port's own calls do what they do by statements, processes and files, each of which is a boundary itself. */
function startsSomething({ phase, label }: Point): boolean {
  return phase === "before" && /^(sql|process|file|signal) /.test(label);
}
