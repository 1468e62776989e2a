import { ulid } from "ulid";
import type { Plan } from "../../domain/plans/plan.ts";
import type { Run, RunId } from "../../domain/plans/run.ts";
import { storePlan } from "../../store/runs/plans.ts";
import { type NewRun, startRun as store } from "../../store/runs/runs.ts";
import type { Services } from "../services.ts";
import { needPlan } from "./need-plan.ts";

export interface RunRequest extends Omit<NewRun, "id" | "planId" | "planHash"> {
  /** The id of one that is registered, or a checked one, which no name means by that. */
  readonly plan: string | Plan;
}

export interface Started {
  readonly run: Run;
  /** True when this idempotency key had been used: the run is the one that was started then. */
  readonly deduplicated: boolean;
}

/** Starts a run of a plan. Throws `PlanUnknown`, `AgentUnknown`, or `ArgumentInvalid` for variables that don't fit. */
export async function startRun(services: Services, { plan, ...request }: RunRequest): Promise<Started> {
  const { sql } = services;
  if (request.agent !== null) services.agent(request.agent);
  const planId = typeof plan === "string" ? plan : plan.plan_id;
  const planHash = typeof plan === "string" ? (await needPlan(services, plan)).hash : await storePlan(sql, plan);
  const id = ulid() as RunId;
  const run = await store(sql, { ...request, id, planId, planHash });
  const deduplicated = run.id !== id;
  if (!deduplicated) services.log.info({ run: run.id, plan: planId, steps: run.total }, "run started");
  return { run, deduplicated };
}
