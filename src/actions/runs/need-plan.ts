import { PlanUnknown } from "../../domain/faults/runs.ts";
import type { RegisteredPlan } from "../../domain/plans/registered-plan.ts";
import { findPlan, listPlans } from "../../store/runs/plans.ts";
import type { Services } from "../services.ts";

/** The plan that an id means now. Throws `PlanUnknown`, which names the ones there are. */
export async function needPlan({ sql }: Pick<Services, "sql">, planId: string): Promise<RegisteredPlan> {
  const plan = await findPlan(sql, planId);
  if (plan !== null) return plan;
  const known = await listPlans(sql, 20);
  throw new PlanUnknown(
    planId,
    known.map((one) => one.planId),
  );
}
