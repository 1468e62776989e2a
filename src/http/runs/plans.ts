import { z } from "zod";
import { addPlan } from "../../actions/runs/add-plan.ts";
import { needPlan } from "../../actions/runs/need-plan.ts";
import { PlanInvalid } from "../../domain/faults/plans.ts";
import { listPlans } from "../../store/runs/plans.ts";
import { planId } from "../../wire/ids.ts";
import { checkPlan } from "../../wire/plans/plan.ts";
import { planJsonSchema } from "../../wire/plans/plan-schema.ts";
import { planDocument, planList, planView, viewPlan, viewPlanRow } from "../../wire/plans/plans.ts";
import { json, location } from "../answers.ts";
import { type Route, route } from "../route.ts";

const most = 1000;
/** As large as a plan file may be. */
const bodyLimitBytes = 8 * 1024 * 1024;

export const planRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/plans",
    role: "read",
    summary: "List the plans that are registered, by id",
    responses: { 200: json(`At most the first ${most}`, planList) },
    async answer({ services }, _asked, response) {
      response.json({ plans: (await listPlans(services.sql, most)).map(viewPlanRow) });
    },
  }),
  route({
    method: "post",
    path: "/api/plans",
    // Whoever may say which commands are run, may do anything.
    role: "admin",
    summary: "Register a plan; from now on it is the one that its id means",
    body: planDocument,
    bodyLimitBytes,
    responses: { 201: { ...json("Registered", planView), headers: location("The plan") } },
    async answer({ services }, { body }, response) {
      const checked = checkPlan(body);
      if ("problems" in checked) throw new PlanInvalid(checked.problems);
      const plan = await addPlan(services, checked.plan);
      response.status(201).location(`/api/plans/${plan.planId}`).json(viewPlan(plan));
    },
  }),
  route({
    method: "get",
    path: "/api/plans/:plan_id",
    role: "read",
    summary: "Show a plan",
    params: z.object({ plan_id: planId }),
    responses: { 200: json("The plan, as its id means it now", planView) },
    async answer({ services }, { params }, response) {
      response.json(viewPlan(await needPlan(services, params.plan_id)));
    },
  }),
  route({
    method: "get",
    path: "/api/plan-schema",
    role: "read",
    summary: "The JSON Schema of a plan file, for editors",
    responses: { 200: json("The schema", z.looseObject({ title: z.string() })) },
    answer: (_api, _asked, response) => void response.json(planJsonSchema),
  }),
];
