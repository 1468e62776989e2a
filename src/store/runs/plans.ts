import { createHash } from "node:crypto";
import type { Plan } from "../../domain/plans/plan.ts";
import type { PlanRow, RegisteredPlan } from "../../domain/plans/registered-plan.ts";
import type { Json, Sql } from "../sql.ts";

/** Stores a checked plan, or finds it stored. No name means it by that. Gives its hash. */
export async function storePlan(sql: Sql, plan: Plan): Promise<string> {
  const hash = hashOf(plan);
  await sql`
    insert into fairlead.plans (plan_id, hash, version, document)
    values (${plan.plan_id}, ${hash}, ${plan.version}, ${sql.json(plan as unknown as Json)})
    on conflict (plan_id, hash) do nothing`;
  return hash;
}

/** The same, and from now on it is the one that its name means. */
export async function registerPlan(sql: Sql, plan: Plan): Promise<string> {
  const hash = await storePlan(sql, plan);
  await sql`
    update fairlead.plans set registered_at = clock_timestamp() where plan_id = ${plan.plan_id} and hash = ${hash}`;
  return hash;
}

/** Registers a plan that comes with Fairlead, each version once, unless somebody has one of their own of that name. */
export async function addBuiltInPlan(sql: Sql, plan: Plan): Promise<void> {
  const hash = await storePlan(sql, plan);
  await sql`
    update fairlead.plans p set registered_at = clock_timestamp(), built_in = true
    where p.plan_id = ${plan.plan_id} and p.hash = ${hash} and p.registered_at is null and not exists (
      select from fairlead.plans own
      where own.plan_id = ${plan.plan_id} and own.registered_at is not null and not own.built_in)`;
}

function hashOf(plan: Plan): string {
  return createHash("sha256").update(JSON.stringify(plan)).digest("hex");
}

/** The plan that a name means. */
export async function findPlan(sql: Sql, planId: string): Promise<RegisteredPlan | null> {
  const [row] = await sql<RegisteredPlan[]>`
    select plan_id, hash, version, jsonb_array_length(document -> 'steps') as steps, registered_at, document
    from fairlead.plans where plan_id = ${planId} and registered_at is not null order by registered_at desc limit 1`;
  return row ?? null;
}

/** Whether anything was ever run or registered under a name. */
export async function isPlanKnown(sql: Sql, planId: string): Promise<boolean> {
  const rows = await sql`select from fairlead.plans where plan_id = ${planId} limit 1`;
  return rows.length === 1;
}

/** Each name with what it means now. */
export async function listPlans(sql: Sql, limit: number): Promise<PlanRow[]> {
  return sql<PlanRow[]>`
    select distinct on (plan_id) plan_id, hash, version, jsonb_array_length(document -> 'steps') as steps, registered_at
    from fairlead.plans where registered_at is not null order by plan_id, registered_at desc limit ${limit}`;
}
