import { Fault } from "../fault.ts";
import type { PlanProblem } from "../plans/plan.ts";
import { oneLine } from "../texts/text.ts";

const most = 100;

/** A plan file is not a plan; `problems` has what is wrong with it, each with its place and what to do about it. */
export class PlanInvalid extends Fault {
  readonly code = "PLAN_INVALID";
  readonly kind = "invalid";

  constructor(problems: readonly PlanProblem[]) {
    const count = problems.length > most ? `more than ${most} problems` : counted(problems.length);
    const first = problems.slice(0, 3).map(sentence).join("; ");
    const more = problems.length > 3 ? "; and more" : "";
    const mend = problems.length === 1 ? "Mend it" : "Mend them";
    super(`the plan has ${count}: ${first}${more}. ${mend} and try again.`, { problems: problems.slice(0, most) });
  }
}

export class PlanTextTooLong extends Fault {
  readonly code = "PLAN_TEXT_TOO_LONG";
  readonly kind = "invalid";

  constructor(text: string, limit: number) {
    super(
      `a text of the plan is longer than ${limit} characters with what it names filled in: ${oneLine(text, 60)}. ` +
        "Hand on long values in files.",
      { limit },
    );
  }
}

function counted(problems: number): string {
  return problems === 1 ? "a problem" : `${problems} problems`;
}

function sentence({ path, message, hint }: PlanProblem): string {
  return `${path === "" ? "" : `${path}: `}${message}${hint === null ? "" : ` (${hint})`}`;
}
