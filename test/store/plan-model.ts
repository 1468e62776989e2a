import type { Outcome, Plan, PlanStep } from "../../src/domain/plans/plan.ts";

/** Where a step stands in the model; `stopping` is running as well, and takes room. */
export type ModelStatus = "pending" | "running" | "stopping" | "succeeded" | "failed" | "skipped" | "cancelled";

/**
 * What a plan's run means, said as plainly as can be: nothing is counted, everything is looked at anew after each step.
 * What Postgres does has to come to the same.
 */
export class PlanModel {
  readonly status: Map<string, ModelStatus>;
  ending: "failed" | "cancelled" | null = null;
  private readonly plan: Plan;

  constructor(plan: Plan) {
    this.plan = plan;
    this.status = new Map(plan.steps.map(({ id }) => [id, "pending"]));
    this.goOn();
  }

  settle(id: string, outcome: "succeeded" | "failed" | "cancelled"): void {
    this.status.set(id, outcome);
    const step = this.step(id);
    if (outcome !== "succeeded" && step.on_failure === "abort" && this.ending === null)
      this.windUp("failed", "skipped");
    this.goOn();
  }

  cancel(): void {
    this.windUp("cancelled", "cancelled");
    this.goOn();
  }

  running(): string[] {
    return this.of("running", "stopping");
  }

  /** How the run has ended; null: it hasn't. */
  end(): "succeeded" | "failed" | "cancelled" | null {
    if (this.of("pending", "running", "stopping").length > 0) return null;
    if (this.ending !== null) return this.ending;
    const failed = this.of("failed", "cancelled").filter((id) => this.step(id).critical);
    return failed.length > 0 ? "failed" : "succeeded";
  }

  private windUp(ending: "failed" | "cancelled", unbegun: "skipped" | "cancelled"): void {
    const all = this.ending !== null;
    this.ending = ending;
    for (const step of this.plan.steps) {
      if (!all && isForFailures(step)) continue;
      const status = this.status.get(step.id);
      if (status === "pending") this.status.set(step.id, unbegun);
      if (status === "running") this.status.set(step.id, "stopping");
    }
  }

  private goOn(): void {
    for (let changed = true; changed; ) {
      changed = false;
      for (const step of this.plan.steps) {
        if (this.status.get(step.id) !== "pending" || !this.isDecided(step) || this.mayBegin(step)) continue;
        this.status.set(step.id, "skipped");
        changed = true;
      }
    }
    for (const step of this.plan.steps) {
      if (this.running().length >= this.plan.globals.max_concurrency) return;
      if (this.status.get(step.id) === "pending" && this.isDecided(step)) this.status.set(step.id, "running");
    }
  }

  private isDecided(step: PlanStep): boolean {
    return step.depends_on.every((id) => !["pending", "running", "stopping"].includes(this.status.get(id) ?? ""));
  }

  private mayBegin(step: PlanStep): boolean {
    return step.depends_on.every((id) => {
      const status = this.status.get(id);
      const outcome = (status === "cancelled" ? "failed" : status) as Outcome;
      const wanted = step.when[id];
      if (wanted !== undefined) return wanted.includes("finished") || wanted.includes(outcome);
      return outcome === "succeeded" || (outcome === "failed" && this.step(id).on_failure === "continue");
    });
  }

  private step(id: string): PlanStep {
    const found = this.plan.steps.find((step) => step.id === id);
    if (found === undefined) throw new Error(`no step ${id}`);
    return found;
  }

  private of(...statuses: ModelStatus[]): string[] {
    return this.plan.steps.map(({ id }) => id).filter((id) => statuses.includes(this.status.get(id) ?? "pending"));
  }
}

function isForFailures(step: PlanStep): boolean {
  return Object.values(step.when).some((wanted) => wanted.some((outcome) => outcome !== "succeeded"));
}
