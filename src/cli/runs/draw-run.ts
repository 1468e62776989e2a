import type { StepStatus } from "../../domain/lifecycles.ts";
import type { Run } from "../../domain/plans/run.ts";
import { stepTree } from "../../domain/plans/step-tree.ts";
import { plainLine } from "../screen/plain.ts";
import type { Colours } from "../screen/screen.ts";
import { shortId } from "../screen/wording.ts";
import type { StepState } from "./run-model.ts";
import { asksPeople, tookWords, waitWords } from "./run-wording.ts";

/** What a picture has to fit into, and when it is drawn. */
export interface Canvas {
  readonly colours: Colours;
  readonly columns: number;
  readonly rows: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const widestBar = 30;
/** Of steps that have ended well, when there is no room for all. */
const lastOnes = 5;

/** A run as it stands: its steps as a tree if that fits, else what is to be seen of them, over a bar. */
export function drawRun(canvas: Canvas, run: Run, steps: readonly StepState[]): string {
  // One row is left to the cursor, and three are the head, the bar and an empty one between.
  const room = canvas.rows - 4;
  const lines = steps.length <= room ? treeLines(canvas, steps) : chosenLines(canvas, steps, room);
  const drawn =
    room < 1 ? [barLine(canvas, run, steps)] : [headLine(canvas, run), ...lines, "", barLine(canvas, run, steps)];
  return drawn.join("\n");
}

function headLine({ colours, columns }: Canvas, { id, planId, stage, ending }: Run): string {
  const besides = [shortId(id), stage, ending === null ? null : `is ending as ${ending}`].filter((one) => one !== null);
  const name = clip(planId, columns - 1);
  return `${colours.bold(name)} ${colours.dim(clip(besides.join("  "), columns - 2 - name.length))}`;
}

function treeLines(canvas: Canvas, steps: readonly StepState[]): string[] {
  return stepTree(steps).map(({ step, strokes }) => stepLine(canvas, step, strokes));
}

/** What failed, what waits and what runs, as far as there is room, and the last of what has ended well. */
function chosenLines(canvas: Canvas, steps: readonly StepState[], room: number): string[] {
  const ended = steps.filter(({ status }) => status === "succeeded");
  ended.sort((a, b) => (a.finishedAt?.getTime() ?? 0) - (b.finishedAt?.getTime() ?? 0));
  const sorts = [
    { what: "succeeded", those: ended.slice(-lastOnes), all: lastOnes },
    { what: "failed", those: steps.filter(({ status }) => status === "failed"), all: room },
    { what: "waiting", those: steps.filter(({ status }) => status === "waiting"), all: room },
    { what: "running", those: steps.filter(({ status }) => status === "running"), all: room },
  ];
  const share = Math.max(1, Math.floor(room / sorts.length));
  let left = room - sorts.reduce((sum, { those }) => sum + Math.min(those.length, share), 0);
  const lines: string[] = [];
  for (const { what, those } of sorts) {
    const places = Math.min(those.length, share + Math.max(0, left));
    left -= Math.max(0, places - share);
    const shown = places < those.length ? those.slice(0, Math.max(0, places - 1)) : those;
    lines.push(...shown.map((step) => stepLine(canvas, step, "")));
    const more = those.length - shown.length;
    if (more > 0) lines.push(canvas.colours.dim(clip(`… ${more} more ${what}`, canvas.columns - 1)));
  }
  return lines.slice(0, room);
}

const looks = {
  pending: { mark: "·", colour: "dim" },
  running: { mark: "", colour: "cyan" },
  waiting: { mark: "…", colour: "yellow" },
  succeeded: { mark: "✓", colour: "green" },
  failed: { mark: "✗", colour: "red" },
  skipped: { mark: "-", colour: "dim" },
  cancelled: { mark: "✗", colour: "magenta" },
} as const satisfies Record<StepStatus, { mark: string; colour: keyof Colours }>;

function stepLine(canvas: Canvas, step: StepState, strokes: string): string {
  const { colours, columns, now } = canvas;
  const { mark, colour } = looks[step.status];
  const frame = frames[Math.floor(now / 100) % frames.length] ?? "…";
  const name = clip(
    `${asksPeople(step.waitsFor) ? "?" : mark || frame} ${plainLine(step.key)}`,
    columns - 1 - strokes.length,
  );
  const about = clip(aboutStep(step, now), columns - 3 - strokes.length - name.length);
  return `${colours.dim(strokes)}${colours[colour](name)}${about === "" ? "" : `  ${colours.dim(about)}`}`;
}

function aboutStep(step: StepState, now: number): string {
  const { status, startedAt, finishedAt, attempt, message } = step;
  const began = startedAt?.getTime() ?? now;
  switch (status) {
    case "running":
      return `${tookWords(now - began)}${attempt > 1 ? `, attempt ${attempt}` : ""}`;
    case "waiting":
      return step.waitsFor === null ? "" : `waits for ${waitWords(step.waitsFor, step.waitsUntil)}`;
    case "succeeded":
      return startedAt === null || finishedAt === null ? "" : tookWords(finishedAt.getTime() - began);
    case "failed":
      return plainLine(message ?? "", 300);
    case "skipped":
    case "cancelled":
      return status;
    case "pending":
      return "";
  }
}

/** `━━━━━━━━━━━━─────── 62 %  31 of 50 steps, 12 s, 2 failed, 4 running` */
function barLine({ colours, columns, now }: Canvas, run: Run, steps: readonly StepState[]): string {
  const { total, unfinished, startedAt, createdAt, finishedAt } = run;
  const ended = total - unfinished;
  const percent = total === 0 ? 100 : Math.floor((100 * ended) / total);
  const width = Math.max(0, Math.min(widestBar, columns - 40));
  const full = Math.floor((width * ended) / Math.max(total, 1));
  const count = (status: StepStatus) => steps.filter((step) => step.status === status).length;
  const counts = (["failed", "waiting", "running"] as const).flatMap((status) =>
    count(status) === 0 ? [] : [`${count(status)} ${status}`],
  );
  const took = tookWords((finishedAt?.getTime() ?? now) - (startedAt ?? createdAt).getTime());
  const words = [`${ended} of ${total} steps`, took, ...counts].join(", ");
  const head = `${String(percent).padStart(3)} %  `;
  const bar = width === 0 ? "" : `${colours.green("━".repeat(full))}${colours.dim("─".repeat(width - full))} `;
  return `${bar}${head}${clip(words, columns - 1 - head.length - (width === 0 ? 0 : width + 1))}`;
}

/** As much of a line as certainly fits: what may be two columns wide counts as two. */
function clip(line: string, columns: number): string {
  let width = 0;
  let fitting = "";
  for (const character of line) {
    width += (character.codePointAt(0) ?? 0) < 0x1100 || /[\u2500-\u257f\u2800-\u28ff…·✓✗]/.test(character) ? 1 : 2;
    if (width > columns) return columns < 1 ? "" : `${fitting.slice(0, -1)}…`;
    fitting += character;
  }
  return fitting;
}
