import { z } from "zod";
import type { PlanRow, RegisteredPlan } from "../../domain/plans/registered-plan.ts";
import { iso, timestamp } from "../text.ts";

/** A body: what is wrong with it as a plan is said by `checkPlan`, all of it at once. */
export const planDocument = z
  .unknown()
  .refine((given) => !isEmptyObject(given), "is empty: send a plan")
  .meta({
    id: "PlanDocument",
    description: "A plan, as it is in its file; GET /api/plan-schema has its JSON Schema",
    override: ({ jsonSchema }) => {
      Object.assign(jsonSchema, {
        type: "object",
        additionalProperties: true,
        required: ["plan_id", "version", "steps"],
      });
    },
  });

const planRow = z
  .object({
    plan_id: z.string(),
    version: z.string(),
    hash: z.string().meta({ description: "SHA-256 of the document" }),
    steps: z.int().meta({ description: "How many" }),
    registered_at: timestamp,
  })
  .meta({ id: "PlanRow" });

export const planList = z.object({ plans: z.array(planRow).meta({ description: "By id, each as it is meant now" }) });

export const planView = planRow
  .extend({ document: z.record(z.string(), z.unknown()).meta({ description: "With all defaults filled in" }) })
  .meta({ id: "Plan" });

export function viewPlanRow({ planId, version, hash, steps, registeredAt }: PlanRow): z.infer<typeof planRow> {
  return { plan_id: planId, version, hash, steps, registered_at: iso(registeredAt) };
}

export function viewPlan(plan: RegisteredPlan): z.infer<typeof planView> {
  return { ...viewPlanRow(plan), document: { ...plan.document } };
}

function isEmptyObject(given: unknown): boolean {
  return typeof given === "object" && given !== null && !Array.isArray(given) && Object.keys(given).length === 0;
}
