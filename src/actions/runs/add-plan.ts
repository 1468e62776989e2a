import type { Plan } from "../../domain/plans/plan.ts";
import type { RegisteredPlan } from "../../domain/plans/registered-plan.ts";
import { registerPlan } from "../../store/runs/plans.ts";
import type { Services } from "../services.ts";
import { needPlan } from "./need-plan.ts";

/** Registers a checked plan: from now on it is the one that its id means, for runs that start later. */
export async function addPlan(services: Services, plan: Plan): Promise<RegisteredPlan> {
  const hash = await registerPlan(services.sql, plan);
  services.log.info({ plan: plan.plan_id, hash }, "plan registered");
  return await needPlan(services, plan.plan_id);
}
