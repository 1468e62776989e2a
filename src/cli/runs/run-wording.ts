import type { Run, WaitsFor } from "../../domain/plans/run.ts";
import { plainLine } from "../screen/plain.ts";
import { shortId } from "../screen/wording.ts";

/** What a step that waits for it waits for, in words. */
export function waitWords(waitsFor: WaitsFor, until: Date | null): string {
  const at = until === null ? "" : until.toISOString();
  switch (waitsFor.for) {
    case "approval":
      return `${people(waitsFor.who)} to approve: ${plainLine(waitsFor.message, 200)}`;
    case "choice":
      return `${people(waitsFor.who)} to choose ${waitsFor.choices.map((one) => plainLine(one, 40)).join(" or ")}: ${plainLine(waitsFor.message, 200)}`;
    case "answer":
      return `${people(waitsFor.who)} to answer: ${plainLine(waitsFor.message, 200)}`;
    case "time":
      return at;
    case "retry":
      return `its next try at ${at}`;
    case "limit":
      return `its agent's usage limit, which resets at ${at}`;
    case "plan":
      return `run ${shortId(waitsFor.run)} of plan ${waitsFor.plan}`;
  }
}

/** What stands for the answer in a suggested command. */
const placeholders = { approval: "approve", choice: "CHOICE", answer: "WORDS" } as const;

/** Whether a person has to say something. */
export function asksPeople(waitsFor: { readonly for: string } | null): boolean {
  return waitsFor !== null && Object.hasOwn(placeholders, waitsFor.for);
}

/** The command by which a person answers. */
export function answerCommand(run: Pick<Run, "id">, step: string, waitsFor: Asked): string {
  const word = Object.hasOwn(placeholders, waitsFor.for)
    ? placeholders[waitsFor.for as keyof typeof placeholders]
    : "WORD";
  return `npx fairlead run answer ${shortId(run.id)} ${choiceIn(waitsFor) ?? word} --step ${plainLine(step)}`;
}

/** What is known of a question: its event does not contain the choices. */
interface Asked {
  readonly for: string;
  readonly choices?: readonly string[];
}

/** How long something took. */
export function tookWords(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function stepsIn(count: number): string {
  return count === 1 ? "1 step" : `${count} steps`;
}

function people(who: readonly string[]): string {
  return who.length === 0 ? "somebody" : who.map((name) => plainLine(name, 40)).join(" or ");
}

/** The first choice, if it can stand in a command as it is. */
function choiceIn({ choices: [first = ""] = [] }: Asked): string | null {
  return /^[\w.-]+$/.test(first) ? first : null;
}
