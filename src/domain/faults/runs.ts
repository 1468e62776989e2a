import { Fault } from "../fault.ts";
import type { StepFailure } from "../plans/run.ts";

/** Ends an attempt of a step, in the way that it says. */
export class StepFailed extends Fault {
  readonly code = "STEP_FAILED";
  readonly kind = "conflict";
  readonly failure: StepFailure;

  constructor(failure: StepFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** A step refers to what another was to leave, and did not: it failed or was skipped, and the run went on. */
export class OutputMissing extends Fault {
  readonly code = "OUTPUT_MISSING";
  readonly kind = "conflict";

  constructor(step: string, output: string) {
    super(
      `step ${step} has left no ${output}: it did not succeed. Let this step run only after its success, by \`when\`.`,
      { step, output },
    );
  }
}

export class RunUnknown extends Fault {
  readonly code = "RUN_UNKNOWN";
  readonly kind = "not_found";

  constructor(id: string) {
    super(`there is no run "${id}". \`fairlead run ls\` lists them.`, { run: id });
  }
}

/** An ending of a run's id that fits more than one. */
export class RunAmbiguous extends Fault {
  readonly code = "RUN_AMBIGUOUS";
  readonly kind = "invalid";

  constructor(ending: string) {
    super(`more than one run ends in "${ending}": give more characters of its id.`, { ending });
  }
}

export class StepUnknown extends Fault {
  readonly code = "STEP_UNKNOWN";
  readonly kind = "not_found";

  constructor(run: string, step: string) {
    super(`run ${run} has no step "${step}". \`fairlead run show ${run}\` lists them.`, { run, step });
  }
}

export class PlanUnknown extends Fault {
  readonly code = "PLAN_UNKNOWN";
  readonly kind = "not_found";

  constructor(plan: string, known: readonly string[]) {
    const others =
      known.length === 0 ? "There is none yet: add one with `fairlead plan add FILE`." : `Known: ${known.join(", ")}.`;
    super(`there is no plan "${plan}". ${others}`, { plan, known });
  }
}
