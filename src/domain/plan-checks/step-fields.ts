import type { PlanSketch } from "../plans/plan-sketch.ts";
import type { Found } from "./found.ts";

/** Fields of a step that are right by themselves and don't go together. */
export function* fieldProblems({ steps }: PlanSketch): Generator<Found> {
  for (const [index, { critical, on_failure, source, on_reject, hasSchema }] of steps.entries()) {
    const role = source?.kind === "agent" ? source.role : null;
    if (critical === false && on_failure === "abort") {
      yield {
        place: ["steps", index, "on_failure"],
        message: "a step that is not critical can't abort the run",
        hint: 'say "skip_dependents" or "continue", or take "critical": false out',
      };
    }
    if (role !== null && role !== "review" && on_reject !== null) {
      yield {
        place: ["steps", index, "on_reject"],
        message: `an agent in the role ${role} rejects nothing`,
        hint: 'take it out, or say "role": "review"',
      };
    }
    if (role !== null && role !== "plan" && hasSchema) {
      yield {
        place: ["steps", index, "schema"],
        message: `an agent in the role ${role} answers by no schema`,
        hint: 'take it out, or say "role": "plan"',
      };
    }
  }
}
