import type { Event } from "../../domain/event.ts";
import type { RunStatus, StepStatus } from "../../domain/lifecycles.ts";

type Kind = `run.${RunStatus}` | "run.stage" | `step.${StepStatus}` | "step.stopping";
type Data = Readonly<Record<string, unknown>>;
type Words = (event: Event, data: Data) => string | null;

/** What each event of a run means to somebody who watches it; null for what goes without saying. */
const meanings: Readonly<Record<Kind, Words>> = {
  "run.pending": ({ fromStatus, actor }, { plan, steps }) =>
    fromStatus === null
      ? `${plan}, ${steps} steps${actor === null ? "" : `, started by ${actor}`}`
      : "to be tried again",
  "run.running": () => "begins",
  "run.stage": (_event, { from, to }) => `${from} → ${to}`,
  "run.succeeded": () => "succeeded",
  "run.failed": (_event, { failure_message }) => `failed: ${failure_message}`,
  "run.cancelled": (_event, { failure_message }) => `${failure_message ?? "cancelled"}`,
  "step.pending": ({ fromStatus }, { step, round }) => {
    if (fromStatus === "waiting") return null; // it begins again in a moment
    return `${step} is to begin anew${round === undefined ? "" : `, round ${round}`}`;
  },
  "step.running": (_event, { step, attempt, round }) => {
    const which = [attempt === 1 ? null : `attempt ${attempt}`, round === undefined ? null : `round ${round}`];
    return [`${step} begins`, ...which.filter((one) => one !== null)].join(", ");
  },
  "step.waiting": (_event, data) => `${data.step} ${waiting(data)}`,
  "step.stopping": (_event, { step }) => `${step} is being stopped`,
  "step.succeeded": (_event, { step }) => `${step} succeeded`,
  "step.failed": (_event, { step, failure_message }) => `${step} failed: ${failure_message}`,
  "step.skipped": (_event, { step }) => `${step} is skipped`,
  "step.cancelled": (_event, { step }) => `${step} is cancelled`,
};

/** An event of a run or a step as a sentence; undefined for one that is none of those, or not known. */
export function runEventWords(event: Event): string | null | undefined {
  return isKnown(event.kind) ? meanings[event.kind](event, event.data ?? {}) : undefined;
}

function waiting({ for: what, until, failure_message, message }: Data): string {
  const asked = message === undefined ? "" : `: ${message}`;
  switch (what) {
    case "retry":
      return `failed, and is tried again at ${until}: ${failure_message}`;
    case "time":
      return `waits until ${until}`;
    case "limit":
      return `waits for its agent's usage limit, which resets at ${until}`;
    case "plan":
      return "waits for a run of another plan";
    case "approval":
      return `waits for an approval${asked}`;
    default:
      return `${what === "choice" ? "waits for a choice" : "waits for an answer"}${asked}`;
  }
}

function isKnown(kind: string): kind is Kind {
  return Object.hasOwn(meanings, kind);
}
